"""Every figure that metrics.json had before the verdict was written is still there.

tests/golden/measures.json is from the commit before `condvae evaluate` printed a verdict: figures
of the golden run, and the names of those of three small runs.
"""

import json
import shutil
from pathlib import Path

import pytest

import condvae
from condvae.data import load_data
from condvae.runs import Run

GOLDEN = Path(__file__).parents[1] / "golden"
BEFORE = json.loads((GOLDEN / "measures.json").read_text(encoding="utf-8"))
RUNS = {
    "digits": ("digits", {}),
    "quadrants": ("digits", {"task": "quadrants", "observed": 1}),
    "wine": ("wine", {}),
}

pytestmark = pytest.mark.slow


def measures_of(run, data=None):
    """The content of the run's metrics.json after an evaluation."""
    condvae.evaluate(run, data)
    return json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))["measures"]


def test_figures_of_the_golden_run_are_those_of_before(tmp_path):
    run = Run.open(shutil.copytree(GOLDEN / "format-1", tmp_path / "run"))
    now = measures_of(run, load_data(GOLDEN / "format-1.npz"))
    for title, figures in BEFORE["golden"].items():
        assert set(figures) <= set(now[title]), title
        kept = {name: now[title][name] for name in figures}
        assert kept == pytest.approx(figures, rel=1e-3, abs=1e-4), title


@pytest.mark.parametrize("name", RUNS)
def test_no_name_is_lost(name, tmp_path):
    source, settings = RUNS[name]
    run = condvae.train(source, run=tmp_path / "run", epochs=2, progress=False, **settings)
    now = measures_of(run)
    assert set(BEFORE[name]) <= set(now)
    for title, names in BEFORE[name].items():
        assert set(names) <= set(now[title]), title
