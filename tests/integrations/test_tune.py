"""`condvae tune` with the real Optuna: breaks, pruning, and what the best trial is."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import condvae
from condvae.checks import InputError
from condvae.cli import main
from condvae.data import Dataset
from condvae.runs import Run
from condvae.training import Tuning, train, tune

pytestmark = pytest.mark.integration

QUICK = {"preset": "plane", "epochs": 3, "hidden_dims": (6,), "progress": False}


def settled(tuning):
    """The results of a tuning, without times."""
    histories = [run.history for run in tuning.runs]
    for history in histories:
        del history["seconds"]
    return tuning.record.best, tuning.rows, histories


@pytest.fixture(scope="module")
def small():
    """203 images in three classes, each with a pattern of its own."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 203)
    x = np.clip(rng.random((3, 4, 3))[y] * 200 + rng.normal(0, 20, (203, 4, 3)), 0, 255)
    return Dataset.from_arrays(
        x.astype("uint8"), np.array(["ant", "bee", "cat"])[y], name="animals"
    )


@pytest.fixture(scope="module")
def whole(small, tmp_path_factory):
    """Four trials without a break, in which the test split is not at hand."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dataset, "test", property(lambda dataset: pytest.fail("the test split")))
        return tune(small, trials=4, run=tmp_path_factory.mktemp("tune") / "whole", **QUICK)


def test_the_best_trial_is_a_run_like_any_other(whole, small):
    import optuna

    study = optuna.load_study(
        study_name="condvae", storage=f"sqlite:///{whole.path / 'study.sqlite'}"
    )
    figures = {}
    for run in whole.runs:
        assert run.record.status == "finished"
        figures[run.path.name] = -run.record.figures.val_elbo  # beta is in the space
    assert min(figures, key=figures.get) == whole.record.best == whole.best.path.name
    assert study.best_value == pytest.approx(figures[whole.record.best])
    assert [run.spec.training.seed for run in whole.runs] == [0, 1, 2, 3]
    rates = [run.spec.training.learning_rate for run in whole.runs]
    assert rates == [trial.params["learning_rate"] for trial in study.trials]
    assert condvae.load(whole.best.path).generate("ant", 2).shape == (2, 4, 3, 1)
    kept = {run.path.name for run in whole.runs if run.checkpoints_path.exists()}
    assert kept == {whole.record.best}
    again = train(small, run=whole.best.path, resume=True, epochs=4, progress=False)
    assert len(again.history["epoch"]) == 4


def test_a_tuning_that_goes_on_is_as_one_that_never_stopped(small, tmp_path, signal_at):
    once = tune(small, trials=3, run=tmp_path / "once", **QUICK)
    path = tmp_path / "thrice"
    with signal_at(9), pytest.raises(KeyboardInterrupt, match="the same call continues"):
        tune(small, trials=3, run=path, **QUICK)  # in the second trial, six steps each
    assert [run.record.status for run in Tuning(path).runs] == ["finished", "interrupted"]
    tune(small, trials=2, run=path, **QUICK)
    assert len(Tuning(path).rows) == 2
    assert settled(tune(small, trials=3, run=path, **QUICK)) == settled(once)
    # there is nothing left to do
    assert settled(tune(small, trials=3, run=path, **QUICK)) == settled(once)


def test_a_kill_in_a_trial_loses_nothing(small, tmp_path):
    np.savez(tmp_path / "small.npz", x=small.x, y=small.y)
    command = "tune small.npz --preset plane --trials 2 --epochs 60 --hidden-dims 6 --run".split()
    command = [sys.executable, "-m", "condvae", *command]
    process = subprocess.Popen([*command, "killed"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    waited = tmp_path / "killed/trial-001/history.csv"
    deadline = time.monotonic() + 300
    while not (waited.exists() and waited.stat().st_size > 400) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert [row["state"] for row in Tuning(tmp_path / "killed").rows] == ["complete", "running"]
    for name in ("killed", "whole"):
        subprocess.run([*command, name], cwd=tmp_path, check=True, capture_output=True)
    killed, whole = (settled(Tuning(tmp_path / name)) for name in ("killed", "whole"))
    assert killed == whole


def test_what_the_pruner_gives_up_ends_early(small, tmp_path, monkeypatch):
    import optuna

    class SecondOfTrialOne(optuna.pruners.BasePruner):
        def prune(self, study, trial):
            return (trial.number, trial.last_step) == (1, 2)

    monkeypatch.setattr(optuna.pruners, "MedianPruner", lambda *_: SecondOfTrialOne())
    found = tune(small, trials=3, run=tmp_path / "tune", beta=1.0, **QUICK)
    assert [row["state"] for row in found.rows] == ["complete", "pruned", "complete"]
    assert [len(run.history["epoch"]) for run in found.runs] == [3, 2, 3]
    assert [run.record.ended_by for run in found.runs] == [None, "Pruning", None]
    assert found.record.figure == "val_loss"
    for row, run in zip(found.rows, found.runs, strict=True):
        assert row["epochs"] == len(run.history["val_loss"])
        if row["state"] == "complete":
            assert row["figure"] == pytest.approx(min(run.history["val_loss"]))


def test_losses_that_are_not_finite_end_a_trial_and_not_the_tuning(small, tmp_path, caplog):
    space = {"learning_rate": (1e20, 1e25)}
    found = tune(small, trials=2, run=tmp_path / "tune", space=space, **QUICK)
    assert [row["state"] for row in found.rows] == ["pruned", "pruned"]
    assert "must stay finite" in caplog.text
    with pytest.raises(InputError, match="a trial must have ended"):
        _ = found.best


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"space": {"beta": (0.1, 9)}}, "another space"),
        ({"epochs": 4}, "another spec"),
        ({"beta": 1.0}, "another space, another figure"),
        ({"validation": "test"}, "leave the test split alone"),
    ],
)
def test_it_goes_on_with_the_same_tuning_alone(small, whole, changes, said):
    before = whole.record
    with pytest.raises(InputError, match=said):
        tune(small, trials=5, run=whole.path, **(QUICK | changes))
    assert (whole.record, len(whole.rows)) == (before, 4)


def test_the_command_names_the_best_and_takes_no_other_folder(tmp_path, monkeypatch, capsys, small):
    monkeypatch.chdir(tmp_path)
    np.savez("small.npz", x=small.x, y=small.y)
    Path("other").mkdir()
    Path("other/notes.txt").write_text("mine")
    quick = "--preset plane --epochs 1 --hidden-dims 6"
    assert main(f"tune small.npz --trials 1 {quick} --run other".split()) == 2
    assert "tuning.json" in capsys.readouterr().err
    assert main(f"tune small.npz --trials 2 {quick} --run found --log tensorboard".split()) == 0
    said = capsys.readouterr().out
    best = Tuning("found").record.best
    assert said.splitlines()[-1] == f"best: found/{best}"
    assert Run.open(f"found/{best}").record.tracks[0].tracker == "tensorboard"
