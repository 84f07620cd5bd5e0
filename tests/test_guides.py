"""The how-to pages, executed line by line."""

import re
import runpy
import shlex
from pathlib import Path
from unittest.mock import patch

import pytest

from condvae.cli import main
from condvae.conditions.registry import _KINDS
from condvae.likelihoods import LIKELIHOODS

DOCS = Path(__file__).parent.parent / "docs"


def blocks(text):
    """(language, code) of each fenced block that names its language."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def follow(tmp_path, monkeypatch, capsys):
    """Executes a page in an empty folder: its names, and the files that --out names."""
    monkeypatch.chdir(tmp_path)

    def run(page):
        names, written = {}, []
        found = blocks((DOCS / page).read_text(encoding="utf-8"))
        assert {language for language, _ in found} <= {"python", "console"}
        for language, code in found:
            if language == "python":
                Path("block.py").write_text(code, encoding="utf-8")
                names = runpy.run_path("block.py", init_globals=names)
                continue
            for line in code.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "condvae"
                code = main(arguments)
                assert not code, f"{line}\n{capsys.readouterr()}"
                if "--out" in arguments:
                    written.append(Path(arguments[arguments.index("--out") + 1]))
        return names, written

    with patch.dict(LIKELIHOODS), patch.dict(_KINDS):  # what a page registers is forgotten
        yield run


def assert_written(paths):
    for path in paths:
        assert any(path.iterdir()) if path.is_dir() else path.stat().st_size, path


@pytest.mark.slow
def test_own_data(follow):
    names, written = follow("own-data.md")
    assert names["images"].shape == (4, 8, 8, 1)
    assert names["many"].shape == (6, 8, 8, 1)
    assert len(written) == 3
    assert_written(written)


@pytest.mark.slow
def test_conditions(follow):
    names, written = follow("how-to-conditions.md")
    assert names["north"].shape == (4, 8, 8, 1)
    assert len(written) == 4
    assert_written(written)


@pytest.mark.slow
def test_tables(follow):
    _, written = follow("how-to-tables.md")
    assert len(written) == 6
    # with -n there is a file for each table
    written.remove(Path("drawn.csv"))
    assert_written([*written, *(Path(f"drawn-{number}.csv") for number in range(1, 6))])
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


@pytest.mark.slow
def test_photographs(follow):
    _, written = follow("photographs.md")
    assert len(written) == 2
    assert_written(written)


@pytest.mark.slow
def test_resume(follow):
    names, _ = follow("how-to-resume.md")
    assert names["run"].history["epoch"] == [*range(1, 11)]


@pytest.mark.slow
def test_sweeps(follow):
    names, _ = follow("how-to-sweeps.md")
    assert len(names["sweep"].runs) == 4
    assert_written(
        Path("runs/digits-sweep") / name for name in ("sweep.csv", "rate-distortion.png")
    )


@pytest.mark.slow
def test_export(follow):
    pytest.importorskip("onnx")
    names, written = follow("how-to-export.md")
    assert names["threes"].shape == (4, 8, 8, 1)
    assert len(written) == 5
    assert_written(written)


def test_a_mistake_is_one_sentence_and_exit_code_2(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("a,b,c\n" + "1,2,x\n3,4,y\n" * 10)
    with pytest.raises(SystemExit) as caught:
        raise SystemExit(main(["train", "t.csv", "--condition", "d"]))
    assert caught.value.code == 2
    assert "one of a, b, c" in capsys.readouterr().err
