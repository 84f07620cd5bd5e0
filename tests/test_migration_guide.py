"""docs/migration.md, executed as it is written."""

import runpy
from pathlib import Path

import pytest
from test_guides import blocks

GUIDE = Path(__file__).parent.parent / "docs" / "migration.md"


@pytest.mark.slow
def test_the_guide_runs_as_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for language, code in blocks(GUIDE.read_text(encoding="utf-8")):
        assert language == "python"
        Path("block.py").write_text(code, encoding="utf-8")
        namespace = runpy.run_path("block.py", init_globals=namespace)
    assert namespace["mean"].shape == namespace["logvar"].shape == (100, 2)
    assert namespace["three"].shape == (1, 8, 8, 1)
    assert Path("manifold.png").stat().st_size > 1_000
    assert namespace["own"].model.generate(3).shape == (16, 8, 8, 1)
