"""From Keras's events to the journal of a run."""

import math
import time
from typing import Any

import keras
import numpy as np

from condvae.models import network_tensors
from condvae.training.averaging import AveragedWeights
from condvae.training.callbacks import UserCallbacks
from condvae.training.feed import Feed
from condvae.training.heap import return_freed_memory
from condvae.training.journal import Journal, is_due
from condvae.training.live import LivePage
from condvae.training.pace import Pace
from condvae.training.state import restore_metrics
from condvae.training.tracked import TrackedTraining


class Recorder(keras.callbacks.Callback):
    """Reports epochs and best weights to the journal, and decides when to take a checkpoint.

    An epoch whose training or validation a signal interrupted gets a checkpoint but no row. If the
    optimizer averages the weights, the average is validated and kept; checkpoints hold both.

    Args:
        journal: journal of the run.
        feed: the shuffled training batches.
        pace: pace of the steps.
        users: the user-defined callbacks.
        tracked: the trackers of the run.
        live: the page on which the training is watched; None: there is none.
    """

    def __init__(
        self,
        journal: Journal,
        feed: Feed,
        pace: Pace,
        users: UserCallbacks,
        tracked: TrackedTraining,
        live: LivePage | None = None,
    ):
        super().__init__()
        self.users, self.tracked, self.live = users, tracked, live
        self.journal, self.feed, self.pace = journal, feed, pace
        self.interrupt = pace.interrupt

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Shuffle, and restore what `fit` resets at its start."""
        state, checkpoint = self.journal.state, self.journal.checkpoint
        self.feed.start_epoch(epoch)
        # `fit` clears the flag at its start: an earlier signal must not be lost
        self.model.stop_training = self.interrupt.requested or bool(self.users.ended_by)
        # the seconds before an interruption count for the epoch to which they belong
        self._started, self._broken_off = time.perf_counter() - state.seconds, False
        # only in the middle of an epoch: otherwise Keras's reset means are right
        if state.step and checkpoint:
            restore_metrics(self.model, checkpoint.tensors)
        if checkpoint:
            checkpoint.tensors.clear()  # restored; others refer to it until the training ends

    def on_test_begin(self, logs: Any = None) -> None:
        """After a signal, skip validation and keep the exact position."""
        self.pace.end()
        # what validation and checkpoints leave between the arrays of steps would make the heap grow
        return_freed_memory()
        self._averaged = AveragedWeights(self.model)
        if self.interrupt.requested or self._ends_in_the_middle():
            self._break_off()
            return
        # what validation changes, including random states; the checkpoint of an interrupted
        # validation must not include it
        changed = [*self.model.non_trainable_variables, *self.model.metrics_variables]
        self._before = [(variable, np.array(variable)) for variable in changed]
        self._averaged.put_in()

    def on_test_end(self, logs: Any = None) -> None:
        """An interrupted validation does not count."""
        if self.interrupt.requested and not self._broken_off:
            for variable, value in self._before:
                variable.assign(value)
            self._averaged.take_out()
            self._break_off()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # type: ignore[override]
        """Write the row; keep the weights if they are the best; take a checkpoint if one is due."""
        if self._broken_off:
            return
        row = {
            **logs,
            "epoch": epoch + 1,
            "learning_rate": float(self.model.optimizer.learning_rate),
            "beta": float(self.model.last_beta),
            "seconds": time.perf_counter() - self._started,
        }
        if self.journal.add_epoch(row):
            self.journal.keep_best(network_tensors(self.model))
        # the callbacks see the weights that were validated
        self.users.end_epoch(epoch, logs)
        if self.journal.finished:
            self.model.stop_training = True
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        self.tracked.end_epoch(row, self.model, is_last)
        if self.live is not None:
            self.live.end_epoch(row, self.model)
        # before the checkpoint, which must hold the weights from which the next step continues
        self._averaged.take_out()
        if is_last or is_due([self.journal]):
            self.journal.save(self.model)
        return_freed_memory()

    def _break_off(self) -> None:
        """Take a checkpoint in the middle of the epoch, or after its last step."""
        self.model.stop_evaluating = self._broken_off = True
        self.journal.break_off(self.model, self._done(), time.perf_counter() - self._started)

    def _done(self) -> int:
        """Number of steps of this epoch, from the optimizer, since feeds may run ahead."""
        return int(self.model.optimizer.iterations) - self.journal.state.epoch * self.feed.steps

    def _ends_in_the_middle(self) -> bool:
        """Whether a callback skipped steps of this epoch, for a reason other than NaN losses."""
        if not self.users.ended_by or self._done() >= self.feed.steps:
            return False
        return math.isfinite(float(self.model.get_metrics_result()["loss"]))
