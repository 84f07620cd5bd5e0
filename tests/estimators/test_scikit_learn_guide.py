"""docs/scikit-learn.md, executed as it is written."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "scikit-learn.md"


@pytest.mark.slow
def test_the_guide_runs_as_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.M | re.S)
    assert len(blocks) == 4
    for code in blocks:
        Path("block.py").write_text(code, encoding="utf-8")
        namespace = runpy.run_path("block.py", init_globals=namespace)
    assert namespace["found"]["conditionalvae__latent_dim"] in (2, 8)
    assert namespace["threes"].shape == (5, 64)
    assert np.isfinite(namespace["log_p"]).all()
    np.testing.assert_allclose(namespace["probabilities"].sum(axis=1), 1)
    assert namespace["classifier"].score(namespace["X"], namespace["y"]) > 0.85
    assert 1 <= namespace["odd"].sum() <= 8
    assert np.bincount(namespace["y_even"]).tolist() == [50, 50, 50]
    assert 0 <= namespace["copies"] <= 1
    assert [path.name for path in tmp_path.iterdir()] == ["block.py"]
