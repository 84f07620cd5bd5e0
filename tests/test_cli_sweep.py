"""condvae sweep."""

from pathlib import Path

import numpy as np
import pytest

from condvae.cli import main
from condvae.training import Sweep

pytestmark = pytest.mark.usefixtures("compiled_quickly")

QUICK = "--hidden-dims 4 --epochs 1"


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A working folder with data of its own."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.savez("good.npz", x=rng.integers(0, 256, (60, 4, 4), dtype="uint8"), y=np.arange(60) % 3)
    Path("afolder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "sweep good.npz --beta 1,x",
        "sweep good.npz --beta=",
        "sweep good.npz --beta -1",
        "sweep good.npz --beta 1,1",
        "sweep good.npz --seeds 0",
        "sweep good.npz --seeds many",
        "sweep good.npz --learning-rate 0",
        "sweep good.npz --out afolder",
        "sweep good.npz --preset nonesuch",
        "sweep good.npz --preset structured --together",
        "sweep missing.npz",
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_everything_as_it_was(command, room, capsys):
    before = sorted(room.rglob("*"))
    assert main(command.split()) == 2
    output = capsys.readouterr()
    assert output.err.startswith("condvae: ")
    assert "; received " in output.err
    assert output.err.count("\n") == 1
    assert sorted(room.rglob("*")) == before


def test_a_sweep_is_runs_a_table_and_a_figure(room, capsys):
    assert main(f"sweep good.npz --seeds 2 --beta 0.5,2 --out grid {QUICK}".split()) == 0
    output = capsys.readouterr().out
    names = [run.path.name for run in Sweep("grid").runs]
    assert len(names) == 4
    assert all(name in output for name in names)
    assert "validation split of" in output  # the comparability line
    assert Path("grid/sweep.csv").exists()
    assert Path("grid/rate-distortion.png").exists()
    assert main(f"plot grid/{names[0]} history --out figures".split()) == 0  # a run like others


def test_ctrl_c_keeps_what_was_done_and_resume_completes(room, signal_at, capsys):
    command = f"sweep good.npz --seeds 3 --out grid --no-together --batch-size 60 {QUICK}".split()
    with signal_at(2):  # a step each
        assert main(command) == 130
    assert "--resume" in capsys.readouterr().err
    assert [run.record.status for run in Sweep("grid").runs] == ["finished", "interrupted"]
    assert main([*command, "--resume"]) == 0
    assert [run.record.status for run in Sweep("grid").runs] == ["finished"] * 3
