"""Keras callbacks, Keras's and the user's own, in a training and after a break."""

import csv
import signal

import keras
import numpy as np
import pytest
from short_run import quick, rows

from condvae.checks import InputError
from condvae.runs import Run

STEPS = 2  # 183 rows for training, 100 in a batch
CONSTANT = {"schedule": "constant", "warmup": 0.0}  # not a schedule over all epochs


class Diary(keras.callbacks.Callback):
    """Records the events that it receives."""

    def __init__(self):
        super().__init__()
        self.heard = []

    def on_train_begin(self, logs=None):
        self.heard.append("begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.heard.append(epoch)

    def on_epoch_end(self, epoch, logs=None):
        assert {"loss", "val_loss"} <= set(logs)

    def on_train_end(self, logs=None):
        self.heard.append("end")


class Batches(Diary):
    """Notes the steps, too."""

    def on_train_batch_end(self, batch, logs=None):
        self.heard.append(f"step {batch}")


def stop_at(epoch):
    """A callback that ends the training after that epoch, counted from 0."""

    def stop(seen, logs):
        callback.model.stop_training = seen == epoch

    callback = keras.callbacks.LambdaCallback(on_epoch_end=stop)
    return callback


def test_they_change_nothing_that_they_do_not_mean_to(small, tmp_path):
    diary, table = Diary(), tmp_path / "log.csv"
    callbacks = [
        diary,
        keras.callbacks.EarlyStopping(patience=50),
        keras.callbacks.CSVLogger(str(table)),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.ReduceLROnPlateau(patience=50),
        keras.callbacks.ModelCheckpoint(str(tmp_path / "last.weights.h5"), save_weights_only=True),
    ]
    run = quick(small, tmp_path / "with", callbacks=callbacks)
    alone = quick(small, tmp_path / "alone")
    assert rows(run) == rows(alone)
    assert diary.heard == ["begin", 0, 1, 2, "end"]
    with table.open() as file:
        logged = [float(row["val_loss"]) for row in csv.DictReader(file)]
    assert logged == pytest.approx(run.history["val_loss"])
    assert (tmp_path / "last.weights.h5").exists()
    assert Run.open(run.path).record.callbacks[:2] == ("Diary", "EarlyStopping")
    assert alone.record.callbacks == ()


def test_early_stopping_ends_a_run_as_finished(small, tmp_path, caplog):
    stopping = keras.callbacks.EarlyStopping(min_delta=1e6, patience=1, restore_best_weights=True)
    run = quick(small, tmp_path / "run", epochs=9, **CONSTANT, callbacks=[stopping])
    assert (run.record.status, run.record.ended_by) == ("finished", "EarlyStopping")
    assert len(run.history["epoch"]) == 2
    # the same command again has nothing left to do
    again = quick(small, run.path, resume=True, callbacks=[stopping], epochs=9)
    assert (len(again.history["epoch"]), again.record.ended_by) == (2, "EarlyStopping")
    assert "was stopped by EarlyStopping" in caplog.text
    more = quick(small, run.path, resume=True, epochs=10)
    assert (len(more.history["epoch"]), more.record.ended_by) == (10, None)
    assert rows(more) == rows(quick(small, tmp_path / "whole", epochs=10, **CONSTANT))


def test_what_a_callback_changes_is_in_the_checkpoint(small, tmp_path):
    def plateau():
        return keras.callbacks.ReduceLROnPlateau(min_delta=1e6, patience=1, factor=0.5)

    options = {"epochs": 4, **CONSTANT}
    whole = quick(small, tmp_path / "whole", **options, callbacks=[plateau()])
    rates = whole.history["learning_rate"]
    assert rates == pytest.approx([rates[0], rates[0], rates[0] / 2, rates[0] / 4])
    half = quick(small, tmp_path / "half", **options, callbacks=[plateau(), stop_at(1)])
    assert half.record.ended_by == "LambdaCallback"
    more = quick(small, half.path, resume=True, epochs=5)
    assert more.history["learning_rate"][2:] == pytest.approx([rates[0] / 2] * 3)


def test_epochs_are_counted_on_after_a_break(small, tmp_path, signal_at, caplog):
    whole = quick(small, tmp_path / "whole")
    cut = Batches()
    with signal_at(STEPS + 1, signal.SIGINT):
        quick(small, tmp_path / "run", callbacks=[cut], raise_signals=False)
    assert cut.heard == ["begin", 0, "step 0", "step 1", 1, "step 0", "end"]
    rest, stateless = Batches(), stop_at(-1)
    run = quick(small, tmp_path / "run", resume=True, callbacks=[rest, stateless])
    assert rest.heard == ["begin", 1, "step 1", 2, "step 0", "step 1", "end"]
    assert rows(run) == rows(whole)
    said = [text for text in caplog.messages if "without their former state" in text]
    assert len(said) == 1
    assert said[0].endswith(": Batches")


def test_one_may_stop_in_the_middle_of_an_epoch(small, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    run = quick(small, tmp_path / "run", callbacks=[Stop()])
    assert (run.record.status, run.record.ended_by) == ("finished", "Stop")
    assert not run.history["epoch"]
    more = quick(small, run.path, resume=True, epochs=4)
    assert more.record.resumed[0].place == "epoch 0 and 1 steps"
    assert rows(more) == rows(quick(small, tmp_path / "whole", epochs=4))


def test_losses_without_a_value_fail_as_without_callbacks(small, tmp_path):
    options = {"learning_rate": 1e30, "callbacks": [keras.callbacks.TerminateOnNaN()]}
    with pytest.raises(InputError, match="must stay finite"):
        quick(small, tmp_path / "run", **options, epochs=20)
    assert Run.open(tmp_path / "run").record.status == "failed"


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="fusing is JAX's")
def test_one_that_looks_at_batches_turns_fusing_off(small, tmp_path, caplog):
    diary = Batches()
    run = quick(small, tmp_path / "run", fused=True, epochs=1, callbacks=[diary, Diary()])
    assert diary.heard == ["begin", 0, "step 0", "step 1", "end"]
    assert caplog.messages.count("steps run one by one, since Batches see(s) each") == 1
    diary = Diary()
    fused = quick(small, tmp_path / "fused", fused=True, epochs=1, callbacks=[diary])
    assert diary.heard == ["begin", 0, "end"]
    assert np.allclose(fused.history["loss"], run.history["loss"])


@pytest.mark.parametrize(
    "callbacks", [[keras.callbacks.EarlyStopping], [keras.callbacks.BackupAndRestore("there")]]
)
def test_what_is_no_guest_is_refused_before_anything_is_written(small, tmp_path, callbacks):
    with pytest.raises(InputError, match="`callbacks`"):
        quick(small, tmp_path / "run", callbacks=callbacks)
    assert not (tmp_path / "run").exists()
