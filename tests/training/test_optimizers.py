"""Optimizers of the user's own, through `train` and through `fit`."""

import keras
import pytest
from short_run import quick, rows, untrained

from condvae.checks import InputError
from condvae.runs import Run

SCHEDULE = keras.optimizers.schedules.ExponentialDecay
OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(SCHEDULE(1e-4, 3, 0.9), momentum=0.9),
    "adamw": lambda: keras.optimizers.AdamW(1e-3, use_ema=True, global_clipnorm=1.0),
    "rmsprop": lambda: "rmsprop",
    "lion": lambda: keras.optimizers.Lion(1e-4),
    "muon": lambda: keras.optimizers.Muon(1e-3),
}


@pytest.mark.parametrize(
    "name", ["sgd", *(pytest.param(n, marks=pytest.mark.slow) for n in list(OPTIMIZERS)[1:])]
)
def test_a_run_goes_on_with_its_optimizer_to_the_bit(small, tmp_path, name):
    make = OPTIMIZERS[name]
    whole = quick(small, tmp_path / "whole", epochs=3, optimizer=make())
    quick(small, tmp_path / "run", epochs=1, optimizer=make())
    # by the record, and then by an equal one
    quick(small, tmp_path / "run", epochs=2, resume=True)
    run = quick(small, tmp_path / "run", epochs=3, resume=True, optimizer=make())
    assert rows(run) == rows(whole)
    assert run.record.optimizer == whole.record.optimizer is not None
    expected = keras.optimizers.get(make())
    assert run.record.optimizer["class_name"] == type(expected).__name__


@pytest.mark.parametrize(
    "name", ["sgd", *(pytest.param(n, marks=pytest.mark.slow) for n in list(OPTIMIZERS)[1:])]
)
def test_fit_takes_the_same(small, name):
    model = untrained(small).keras_model
    model.compile(optimizer=OPTIMIZERS[name]())
    history = model.fit({"x": small.x, "y": small.given}, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]


def test_the_rate_in_the_history_is_the_optimizers(small, tmp_path):
    run = quick(small, tmp_path / "run", epochs=2, optimizer=OPTIMIZERS["sgd"]())
    steps = -(-len(small.train.x) // run.spec.training.batch_size)
    expected = [1e-4 * 0.9 ** (epoch * steps / 3) for epoch in (1, 2)]
    assert run.history["learning_rate"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_the_users_own_object_stays_as_it_was(small, tmp_path):
    optimizer = keras.optimizers.SGD(1e-4)
    quick(small, tmp_path / "a", epochs=1, optimizer=optimizer)
    assert not optimizer.built
    quick(small, tmp_path / "b", epochs=1, optimizer=optimizer)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"optimizer": "adam", "learning_rate": 1e-3}, "received learning_rate"),
        ({"optimizer": "fastest"}, r"one of keras\.optimizers.*received 'fastest'"),
        ({"optimizer": 3}, "one of keras.optimizers"),
    ],
)
def test_what_is_no_optimizer_is_refused(small, tmp_path, settings, sentence):
    with pytest.raises(InputError, match=sentence):
        quick(small, tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


def test_a_class_that_is_unknown_by_now_must_be_passed_again(small, tmp_path):
    class Mine(keras.optimizers.SGD):
        pass

    quick(small, tmp_path / "run", epochs=1, optimizer=Mine(1e-4))
    with pytest.raises(InputError, match="Keras knows; received Mine"):
        quick(small, tmp_path / "run", epochs=2, resume=True)
    with pytest.raises(InputError, match="must keep the optimizer; received another one"):
        quick(small, tmp_path / "run", epochs=2, resume=True, optimizer=Mine(1e-3))
    quick(small, tmp_path / "run", epochs=2, resume=True, optimizer=Mine(1e-4))
    assert Run.open(tmp_path / "run").record.status == "finished"
