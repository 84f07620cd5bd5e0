"""docs/keras.md, executed as it is written."""

import re
import runpy
from pathlib import Path

import pytest
from test_guides import blocks

GUIDE = Path(__file__).parent.parent / "docs" / "keras.md"


@pytest.mark.slow
def test_the_guide_runs_as_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for language, code in blocks(GUIDE.read_text(encoding="utf-8")):
        assert language == "python"
        Path("block.py").write_text(code, encoding="utf-8")
        namespace = runpy.run_path("block.py", init_globals=namespace)
    assert namespace["run"].record.optimizer["class_name"] == "AdamW"
    assert namespace["fitted"].model.generate(3).shape == (16, 8, 8, 1)


def test_the_tests_that_it_names_exist():
    named = set(re.findall(r"`((?:tests/[\w/]*)?test_\w+\.py)`", GUIDE.read_text()))
    assert len(named) >= 6
    tests = {path.name for path in Path(__file__).parent.rglob("test_*.py")}
    assert {Path(name).name for name in named} <= tests
