"""What training leaves in the run folder: history, best weights, checkpoints."""

import math
import time
from typing import Any

import keras

from condvae.checkpoint import Checkpoint, TrainingState, save_checkpoint
from condvae.checks import InputError
from condvae.history import COLUMNS, append_history, write_history
from condvae.models import network_tensors
from condvae.runs import Run
from condvae.tensors import write_tensors
from condvae.training.averaging import AveragedWeights
from condvae.training.feed import Feed
from condvae.training.interrupt import Interrupt
from condvae.training.state import make_checkpoint, restore_metrics

# A checkpoint is taken when the time since the last one exceeds so many times its cost.
SPACING = 50.0


class Recorder(keras.callbacks.Callback):
    """Keeps history.csv, the weights of the best epoch by validation loss, and checkpoints.

    An epoch that a signal cut short gets no row but a checkpoint in its middle. Where the optimizer
    averages the weights, validation sees the average and it is what is kept; checkpoints hold both.

    Args:
        run: the folder and the spec.
        feed: the shuffled training batches.
        interrupt: whether a signal asked to stop.
        checkpoint: what the run goes on from; None: from its beginning.

    Attributes:
        state: where the training stands.
        checkpoint: the last one.
    """

    def __init__(
        self, run: Run, feed: Feed, interrupt: Interrupt, checkpoint: Checkpoint | None = None
    ):
        super().__init__()
        self.run, self.feed, self.interrupt, self.checkpoint = run, feed, interrupt, checkpoint
        self.state = checkpoint.state if checkpoint else TrainingState()
        self._best_weights = checkpoint.best_weights if checkpoint else {}
        self._best_to_write = bool(self._best_weights)
        self._saved, self._cost = time.perf_counter(), 0.0
        write_history(run.history_path, self.state.rows)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or no better validation loss came for long enough."""
        training, state = self.run.spec.training, self.state
        waited = state.epoch - state.best["epoch"] if state.best else 0
        return state.epoch >= training.epochs or waited >= (training.patience or math.inf)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Shuffle; repeat what `fit` has reset while it started."""
        self.feed.start_epoch(epoch)
        self.model.stop_training = self.interrupt.requested
        self._started = time.perf_counter() - self.state.seconds
        if self.state.step and self.checkpoint:
            restore_metrics(self.model, self.checkpoint.tensors)

    def on_test_begin(self, logs: Any = None) -> None:
        """In the middle of an epoch there is nothing to validate: keep the very place."""
        if self._steps_done() < self.feed.steps:
            self.model.stop_evaluating = True
            if not self._best_weights:
                with AveragedWeights(self.model).in_place():
                    write_tensors(self.run.weights_path, network_tensors(self.model))
            seconds = time.perf_counter() - self._started
            self.state = self.state.model_copy(
                update={"step": self._steps_done(), "seconds": seconds}
            )
            self.save()
        else:
            self._averaged = AveragedWeights(self.model)
            self._averaged.put_in()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # type: ignore[override]
        """Write the row; keep the weights if none were better; take a checkpoint if it is time."""
        if self._steps_done() < self.feed.steps:
            return
        row = {
            **logs,
            "epoch": epoch + 1,
            "learning_rate": float(self.model.optimizer.learning_rate),
            "beta": self.model.last_beta,
            "seconds": time.perf_counter() - self._started,
        }
        row = {column: row[column] for column in COLUMNS}
        if not math.isfinite(row["loss"] + row["val_loss"]):
            self.write_best()
            raise InputError(
                "the losses must stay finite",
                f"loss {row['loss']}, val_loss {row['val_loss']} in epoch {epoch + 1}",
                "Lower the learning rate, or look for extreme values in the data; the best "
                f"weights before that, if any, are in {self.run.path}.",
            )
        self.state = TrainingState(rows=(*self.state.rows, row))
        append_history(self.run.history_path, row)
        if self.state.best == row:
            self._best_weights, self._best_to_write = network_tensors(self.model), True
        self._averaged.take_out()
        if self.finished:
            self.model.stop_training = True
        waited = time.perf_counter() - self._saved
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if is_last or waited > SPACING * self._cost:
            self.save()

    def save(self) -> None:
        """Take a checkpoint of this place."""
        started = time.perf_counter()
        self.checkpoint = make_checkpoint(self.model, self.state, self._best_weights)
        save_checkpoint(self.run.checkpoints_path, self.checkpoint)
        self.write_best()
        self._saved = time.perf_counter()
        self._cost = self._saved - started

    def write_best(self) -> None:
        """Bring weights.safetensors up to date."""
        if self._best_to_write:
            write_tensors(self.run.weights_path, self._best_weights)
            self._best_to_write = False

    def _steps_done(self) -> int:
        """Steps of the epoch under way, from the optimizer's count: feeds may run ahead."""
        return int(self.model.optimizer.iterations) - self.state.epoch * self.feed.steps
