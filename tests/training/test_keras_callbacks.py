"""Twelve callbacks, each with `train` and with `fit`, in its usual application."""

import csv

import keras
import numpy as np
import pytest
from short_run import quick, untrained

pytestmark = pytest.mark.slow

EPOCHS, RATE = 3, 1e-3


class Epochs(keras.callbacks.Callback):
    """Counts epochs."""

    count = 0

    def on_epoch_end(self, epoch, logs=None):
        assert epoch == self.count
        self.count += 1


class Steps(keras.callbacks.Callback):
    """Counts steps."""

    count = 0

    def on_train_batch_end(self, batch, logs=None):
        assert np.isfinite(logs["loss"])
        self.count += 1


class Validations(keras.callbacks.Callback):
    """Counts batches of validation."""

    count = 0

    def on_test_batch_end(self, batch, logs=None):
        self.count += 1


def logged(path):
    """The losses that the CSV logger wrote."""
    with open(path / "log.csv", newline="") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


CASES = {
    "EarlyStopping": (
        lambda path: keras.callbacks.EarlyStopping("loss", min_delta=1e9, patience=0),
        lambda callback, found: found["epochs"] == 2 and callback.stopped_epoch == 1,
    ),
    "ReduceLROnPlateau": (
        lambda path: keras.callbacks.ReduceLROnPlateau(
            "loss", factor=0.1, patience=1, min_delta=1e9
        ),
        lambda callback, found: found["rate"] < RATE * 0.11,
    ),
    "LearningRateScheduler": (
        lambda path: keras.callbacks.LearningRateScheduler(lambda epoch, rate: RATE / 2**epoch),
        lambda callback, found: found["rate"] == pytest.approx(RATE / 4, rel=1e-5),
    ),
    "ModelCheckpoint": (
        lambda path: keras.callbacks.ModelCheckpoint(
            str(path / "{epoch}.weights.h5"), save_weights_only=True
        ),
        lambda callback, found: len(list(found["path"].glob("*.weights.h5"))) == EPOCHS,
    ),
    "CSVLogger": (
        lambda path: keras.callbacks.CSVLogger(str(path / "log.csv")),
        lambda callback, found: logged(found["path"]) == pytest.approx(found["loss"]),
    ),
    "TerminateOnNaN": (
        lambda path: keras.callbacks.TerminateOnNaN(),
        lambda callback, found: found["epochs"] == EPOCHS,
    ),
    "LambdaCallback": (
        lambda path: keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: (path / str(epoch)).touch()
        ),
        lambda callback, found: sorted(p.name for p in found["path"].iterdir()) == list("012"),
    ),
    "History": (
        lambda path: keras.callbacks.History(),
        lambda callback, found: callback.history["loss"] == pytest.approx(found["loss"]),
    ),
    "SwapEMAWeights": (
        lambda path: keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
        lambda callback, found: found["optimizer"].use_ema,
    ),
    "one of epochs": (lambda path: Epochs(), lambda callback, found: callback.count == EPOCHS),
    "one of validation": (lambda path: Validations(), lambda callback, found: callback.count > 0),
    "one of steps": (lambda path: Steps(), lambda callback, found: callback.count == 2 * EPOCHS),
}


def optimizer_for(name):
    """Adam, averaging for the callback that needs it."""
    return keras.optimizers.Adam(RATE, use_ema=name == "SwapEMAWeights")


@pytest.mark.parametrize("name", CASES)
def test_through_train(small, tmp_path, name):
    make, holds = CASES[name]
    path = tmp_path / "own"
    path.mkdir()
    callback = make(path)
    run = quick(
        small,
        tmp_path / "run",
        callbacks=[callback],
        optimizer=optimizer_for(name),
        batch_size=100,
        epochs=EPOCHS,
    )
    found = {
        "path": path,
        "epochs": len(run.history["loss"]),
        "loss": run.history["loss"],
        "rate": run.history["learning_rate"][-1],
        "optimizer": run.by_keras.keras_model.optimizer,
    }
    assert run.record.callbacks == (type(callback).__name__,)
    assert holds(callback, found)


@pytest.mark.parametrize("name", CASES)
def test_through_fit(small, tmp_path, name):
    make, holds = CASES[name]
    callback, model = make(tmp_path), untrained(small).keras_model
    model.compile(optimizer=optimizer_for(name))
    data = {"x": small.train.x, "y": small.train.given}
    settings = {"epochs": EPOCHS, "batch_size": 100, "verbose": 0, "validation_data": data}
    history = model.fit(data, callbacks=[callback], **settings).history
    found = {
        "path": tmp_path,
        "epochs": len(history["loss"]),
        "loss": history["loss"],
        "rate": float(np.asarray(model.optimizer.learning_rate)),
        "optimizer": model.optimizer,
    }
    assert holds(callback, found)
