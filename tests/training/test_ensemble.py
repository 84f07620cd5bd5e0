"""Many models as one program: each is the model trained alone, but for rounding."""

import csv
import signal

import keras
import numpy as np
import pytest
from short_run import quick, rows

from condvae.checks import InputError
from condvae.runs import Run
from condvae.training import Sweep, fused, pace, sweep, train
from condvae.training.pace import Pace

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="vmap is JAX's")

# 146 training images: three whole batches and a short one
SETTINGS = {"batch_size": 40, "pixels": "dynamic", "epochs": 3, "hidden_dims": (8,)}
LONG = pytest.mark.slow
CONSTANT = {"schedule": "constant", "warmup": 0.0}
GRID = {"seeds": 2, "beta": [0.5, 2], "learning_rate": [1e-3, 1e-2]}


def quick_sweep(data, path, **settings):
    settings = {**SETTINGS, "together": True, "preset": "plane", "progress": False, **settings}
    return sweep(data, out_dir=path, **settings)


def assert_alike(run, alone):
    """The same to rounding: history, best weights, last checkpoint's place."""
    assert run.record.status == alone.record.status == "finished"
    assert run.spec == alone.spec
    for name, column in rows(alone).items():
        np.testing.assert_allclose(rows(run)[name], column, rtol=2e-5, atol=1e-7, err_msg=name)
    shapes = alone.stored_weights().shapes
    mine, others = (one.stored_weights().read(shapes) for one in (run, alone))
    for name, weights in others.items():
        np.testing.assert_allclose(mine[name], weights, atol=2e-4, err_msg=name)


def alone(small, run, path, **settings):
    """The member trained by itself."""
    training = run.spec.training
    changes = {"seed": training.seed, "learning_rate": training.learning_rate}
    settings = {**SETTINGS, "fused": False, **settings, **changes}
    return quick(small, path, beta=run.spec.objective.beta, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"ema": 0.9, "schedule": "cosine", "beta_warmup": 0.5},
        pytest.param(
            {**CONSTANT, "activity_regularizer": "l2", "weight_decay": 0.1}, marks=pytest.mark.slow
        ),
    ],
    ids=["averaged", "constant rate"],
)
def test_each_member_is_the_model_trained_alone(small, tmp_path, monkeypatch, settings):
    monkeypatch.setattr(fused, "BLOCK_STEPS", 2)  # two blocks, and the short batch
    found = quick_sweep(small, tmp_path / "sweep", **GRID, **settings)
    assert len(found.runs) == 8
    for run in found.runs[1::5]:  # both seeds, betas and rates
        assert_alike(run, alone(small, run, tmp_path / run.path.name, **settings))


@pytest.mark.slow
def test_a_member_stops_when_its_own_validation_says_so(small, tmp_path):
    settings = {**CONSTANT, "epochs": 9, "patience": 1, "pixels": "grey"}
    grid = {"learning_rate": [1e-3, 0.5]}
    found = quick_sweep(small, tmp_path / "sweep", **grid, **settings)
    lengths = [len(run.history["epoch"]) for run in found.runs]
    assert len(set(lengths)) > 1
    stopped = found.runs[int(np.argmin(lengths))]
    assert_alike(stopped, alone(small, stopped, tmp_path / "alone", **settings))


@pytest.mark.slow
def test_a_diverging_member_fails_alone(small, tmp_path, caplog):
    grid = {"learning_rate": [1e-3, 1e30]}
    found = quick_sweep(small, tmp_path / "sweep", **grid, **CONSTANT)
    assert [run.record.status for run in found.runs] == ["finished", "failed"]
    assert "must stay finite" in caplog.text
    assert [row["status"] for row in found.rows] == ["finished", "failed"]


@pytest.mark.slow
def test_a_diverging_member_fails_alone_in_turn(small, tmp_path):
    grid = {"learning_rate": [1e-3, 1e30]}
    in_turn = quick_sweep(small, tmp_path / "turn", together=False, **grid, **CONSTANT)
    assert [run.record.status for run in in_turn.runs] == ["finished", "failed"]


@pytest.mark.parametrize(
    ("at", "place"),
    [(5, "epoch 0 and 4 steps"), pytest.param(7, "epoch 1 and 2 steps", marks=LONG)],
)
@pytest.mark.slow
def test_an_interrupted_sweep_goes_on(small, tmp_path, monkeypatch, at, place):
    """In an epoch, or its validation; each member ends as the one that was never interrupted."""
    monkeypatch.setattr(fused, "BLOCK_STEPS", 2)
    monkeypatch.setattr("condvae.training.journal.SPACING", 0.0)
    whole = quick_sweep(small, tmp_path / "whole", seeds=2)
    began, calls = Pace.began, []

    def interrupted(pace, *arguments):
        began(pace, *arguments)
        calls.append(arguments)
        if len(calls) == at:  # four steps an epoch, each a call at first, and one of validation
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(pace, "LONG", 0.0)
        patch.setattr(Pace, "began", interrupted)
        with pytest.raises(KeyboardInterrupt, match="sweep keeps what was done"):
            quick_sweep(small, tmp_path / "sweep", seeds=2)
        broken = Sweep(tmp_path / "sweep")
    assert {run.record.status for run in broken.runs} == {"interrupted"}
    found = quick_sweep(small, tmp_path / "sweep", seeds=2, resume=True)
    for run, other in zip(found.runs, whole.runs, strict=True):
        assert rows(run) == rows(other)
        weights = [(one.path / "weights.safetensors").read_bytes() for one in (run, other)]
        assert weights[0] == weights[1]
        assert run.record.resumed[0].place == place


@pytest.mark.slow
def test_a_member_goes_on_alone(small, tmp_path):
    """Its folder is as `train` would have left it: more epochs by `train --resume`."""
    found = quick_sweep(small, tmp_path / "sweep", seeds=2, epochs=2, **CONSTANT)
    run = train(small, run=found.runs[1].path, resume=True, epochs=3, progress=False)
    assert_alike(run, alone(small, run, tmp_path / "alone", **CONSTANT))


@pytest.mark.slow
def test_in_turn_is_train_to_the_bit_and_what_is_finished_stays(small, tmp_path, monkeypatch):
    found = quick_sweep(small, tmp_path / "sweep", beta=[1.0], together=False)
    (run,) = found.runs
    other = alone(small, run, tmp_path / "alone")
    assert rows(run) == rows(other)
    before = (run.path / "run.json").read_bytes()
    more = quick_sweep(small, tmp_path / "sweep", seeds=2, beta=[1.0], resume=True)
    assert [one.spec.training.seed for one in more.runs] == [0, 1]
    assert (run.path / "run.json").read_bytes() == before


def test_the_table_and_the_figure_are_of_the_runs(small, tmp_path):
    found = quick_sweep(small, tmp_path / "sweep", seeds=2, beta=[0.5, 4])
    with open(found.path / "sweep.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert [(row["beta"], row["seed"]) for row in table] == [
        ("0.5", "0"), ("0.5", "1"), ("4.0", "0"), ("4.0", "1"),
    ]  # fmt: skip
    for row in table:
        history = Run.open(found.path / row["run"]).history
        best = int(np.argmin(history["val_loss"]))
        assert float(row["val_kl_loss"]) == history["val_kl_loss"][best]
        assert float(row["val_reconstruction_loss"]) == history["val_reconstruction_loss"][best]
    assert (found.path / "rate-distortion.png").stat().st_size > 10_000
    (axes,) = Sweep(found.path).plot().axes
    points = axes.lines[0].get_xydata()
    wanted = [(row["val_kl_loss"], row["val_reconstruction_loss"]) for row in found.rows]
    np.testing.assert_array_equal(points, wanted)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"beta": [-1.0]}, "objective.beta"),
        ({"beta": [1.0, 1]}, "occur once"),
        ({"seeds": 0}, "seeds must be a whole number"),
        ({"learning_rate": ["x"]}, "training.learning_rate"),
        ({"preset": "structured"}, "Omit `together`"),
        ({"baseline": "frozen"}, "frozen baseline"),
    ],
)
def test_a_mistake_leaves_nothing(small, tmp_path, settings, sentence):
    with pytest.raises(InputError, match=sentence):
        quick_sweep(small, tmp_path / "sweep", **settings)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_others_is_refused(small, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="which exists"):
        quick_sweep(small, tmp_path / "mine")
    with pytest.raises(InputError, match=r"holds thesis\.tex"):
        quick_sweep(small, tmp_path / "mine", resume=True)


@pytest.mark.slow
def test_conditions_drawn_on_the_host_are_trained_in_turn(small, tmp_path):
    found = quick_sweep(
        small, tmp_path / "sweep", preset="structured", together=None, epochs=1, seeds=2,
        pixels="grey", hidden_dims=(8,),
    )  # fmt: skip
    assert [run.record.status for run in found.runs] == ["finished", "finished"]
