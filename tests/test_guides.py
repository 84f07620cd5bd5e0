"""docs/own-data.md, executed line by line."""

import re
import runpy
import shlex
from pathlib import Path
from unittest.mock import patch

import pytest

from condvae.cli import main
from condvae.conditions.registry import _KINDS
from condvae.likelihoods import LIKELIHOODS

GUIDE = Path(__file__).parent.parent / "docs" / "own-data.md"


def blocks(text):
    """(language, code) of each fenced block that names its language."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@patch.dict(LIKELIHOODS)  # what the guide registers is forgotten after it
@patch.dict(_KINDS)
def test_the_guide_runs_as_it_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace, written = {}, []
    found = blocks(GUIDE.read_text(encoding="utf-8"))
    assert {language for language, _ in found} == {"python", "console"}
    for language, code in found:
        if language == "python":
            Path("block.py").write_text(code, encoding="utf-8")
            namespace = runpy.run_path("block.py", init_globals=namespace)
            continue
        for line in code.splitlines():
            program, *arguments = shlex.split(line)
            assert program == "condvae"
            code = main(arguments)
            assert not code, f"{line}\n{capsys.readouterr()}"
            if "--out" in arguments:
                written.append(Path(arguments[arguments.index("--out") + 1]))
    assert namespace["images"].shape == (4, 8, 8, 1)
    assert namespace["many"].shape == (6, 8, 8, 1)
    assert len(written) == 13
    # with -n there is a file for each table
    written.remove(Path("drawn.csv"))
    written += [Path(f"drawn-{number}.csv") for number in range(1, 6)]
    assert all(path.stat().st_size for path in written)
    assert ",," in Path("people-with-holes.csv").read_text()
    assert ",," not in Path("filled.csv").read_text()
    lines = Path("like-people.csv").read_text().splitlines()
    assert lines[0].replace('"', "") == "age,income,town,owner"
    assert len(lines) == 201
    age, income, town, owner = lines[1].replace('"', "").split(",")
    assert age == str(int(age))
    assert len(income.partition(".")[2]) <= 2
    assert town in ("north", "south")
    assert owner in ("no", "yes")


def test_a_mistake_is_one_sentence_and_exit_code_2(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("a,b,c\n" + "1,2,x\n3,4,y\n" * 10)
    with pytest.raises(SystemExit) as caught:
        raise SystemExit(main(["train", "t.csv", "--condition", "d"]))
    assert caught.value.code == 2
    assert "one of a, b, c" in capsys.readouterr().err
