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
from condvae.training.journal import Journal, is_due
from condvae.training.live import LivePage
from condvae.training.pace import Pace
from condvae.training.state import restore_metrics
from condvae.training.tracked import TrackedTraining


class Recorder(keras.callbacks.Callback):
    """Tells the journal of each epoch, of the best weights, and when to take a checkpoint.

    An epoch gets no row but a checkpoint where a signal cut it short, or its validation. Where the
    optimizer averages the weights, validation sees the average and it is what is kept; checkpoints
    hold both.

    Args:
        journal: of the run.
        feed: the shuffled training batches.
        pace: of the steps.
        users: the callbacks of the user's own.
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
        """Shuffle, and restore what `fit` has reset when it started."""
        state, checkpoint = self.journal.state, self.journal.checkpoint
        self.feed.start_epoch(epoch)
        # `fit` clears the flag when it starts: a signal before that must not be lost
        self.model.stop_training = self.interrupt.requested or bool(self.users.ended_by)
        # the seconds before a break count to the epoch that they belong to
        self._started, self._broken_off = time.perf_counter() - state.seconds, False
        # in the middle of an epoch alone: else Keras's fresh means are right
        if state.step and checkpoint:
            restore_metrics(self.model, checkpoint.tensors)

    def on_test_begin(self, logs: Any = None) -> None:
        """After a signal there is nothing to validate: keep the very place."""
        self.pace.end()
        self._averaged = AveragedWeights(self.model)
        if self.interrupt.requested or self._ends_in_the_middle():
            self._break_off()
            return
        # what validation changes, random states among it; the checkpoint of one that is cut short
        # must not know of it
        changed = [*self.model.non_trainable_variables, *self.model.metrics_variables]
        self._before = [(variable, np.array(variable)) for variable in changed]
        self._averaged.put_in()

    def on_test_end(self, logs: Any = None) -> None:
        """A validation that a signal cut short counts for nothing."""
        if self.interrupt.requested and not self._broken_off:
            for variable, value in self._before:
                variable.assign(value)
            self._averaged.take_out()
            self._break_off()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:  # type: ignore[override]
        """Write the row; keep the weights if none were better; take a checkpoint if it is time."""
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
        # they see the weights that were validated
        self.users.end_epoch(epoch, logs)
        if self.journal.finished:
            self.model.stop_training = True
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        self.tracked.end_epoch(row, self.model, is_last)
        if self.live is not None:
            self.live.end_epoch(row, self.model)
        # before the checkpoint, which must hold the weights that the next step goes on from
        self._averaged.take_out()
        if is_last or is_due([self.journal]):
            self.journal.save(self.model)

    def _break_off(self) -> None:
        """Take a checkpoint in the middle of the epoch, or after its last step."""
        self.model.stop_evaluating = self._broken_off = True
        self.journal.break_off(self.model, self._done(), time.perf_counter() - self._started)

    def _done(self) -> int:
        """Steps of this epoch, by the optimizer's count: feeds may run ahead."""
        return int(self.model.optimizer.iterations) - self.journal.state.epoch * self.feed.steps

    def _ends_in_the_middle(self) -> bool:
        """Whether a callback left steps of this epoch out, and not over losses without a value."""
        if not self.users.ended_by or self._done() >= self.feed.steps:
            return False
        return math.isfinite(float(self.model.get_metrics_result()["loss"]))
