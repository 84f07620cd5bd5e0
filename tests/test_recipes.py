"""The recipes of examples/: whole, and their commands are commands."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from condvae.cli import app

FOLDER = Path(__file__).parents[1] / "examples"
SCRIPTS, SETS = sorted(FOLDER.glob("*.sh")), sorted(FOLDER.glob("*.yaml"))


def commands(path):
    """The words of each condvae command in a file; of what the shell fills in, numbers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        for found in re.findall(r"command: \[(.*?)\]", text, re.DOTALL):
            yield re.findall(r'"([^"]*)"', found)
        return
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if "condvae" in words:
            words = words[words.index("condvae") :]
            yield [re.sub(r"\$\{?\w+\}?", "2", word) for word in words if "[@]" not in word]


def test_there_are_three():
    assert [path.name for path in (*SCRIPTS, *SETS)] == ["ray-job.sh", "slurm.sh", "jobset.yaml"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_whole(path):
    subprocess.run(["bash", "-n", path], check=True)


@pytest.mark.parametrize("path", [*SCRIPTS, *SETS], ids=lambda path: path.name)
def test_commands_are_commands(path):
    found = list(commands(path))
    assert len(found) == 2
    for name, *words in found:
        assert name == "condvae"
        app.parse_args(words, exit_on_error=False, print_error=False)
