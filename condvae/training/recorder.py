"""From Keras's events to the journal of a run."""

import time
from typing import Any

import keras

from condvae.models import network_tensors
from condvae.training.averaging import AveragedWeights
from condvae.training.feed import Feed
from condvae.training.interrupt import Interrupt
from condvae.training.journal import Journal, is_due
from condvae.training.state import restore_metrics


class Recorder(keras.callbacks.Callback):
    """Tells the journal of each epoch, of the best weights, and when to take a checkpoint.

    An epoch that a signal cut short gets no row but a checkpoint in its middle. Where the optimizer
    averages the weights, validation sees the average and it is what is kept; checkpoints hold both.

    Args:
        journal: of the run.
        feed: the shuffled training batches.
        interrupt: whether a signal asked to stop.
    """

    def __init__(self, journal: Journal, feed: Feed, interrupt: Interrupt):
        super().__init__()
        self.journal, self.feed, self.interrupt = journal, feed, interrupt

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Shuffle, and restore what `fit` has reset when it started."""
        state, checkpoint = self.journal.state, self.journal.checkpoint
        self.feed.start_epoch(epoch)
        # `fit` clears the flag when it starts: a signal before that must not be lost
        self.model.stop_training = self.interrupt.requested
        # the seconds before a break count to the epoch that they belong to
        self._started = time.perf_counter() - state.seconds
        # in the middle of an epoch alone: else Keras's fresh means are right
        if state.step and checkpoint:
            restore_metrics(self.model, checkpoint.tensors)

    def on_test_begin(self, logs: Any = None) -> None:
        """In the middle of an epoch there is nothing to validate: keep the very place."""
        if (done := self._steps_done()) < self.feed.steps:
            self.model.stop_evaluating = True
            self.journal.break_off(self.model, done, time.perf_counter() - self._started)
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
            "beta": float(self.model.last_beta),
            "seconds": time.perf_counter() - self._started,
        }
        if self.journal.add_epoch(row):
            self.journal.keep_best(network_tensors(self.model))
        # before the checkpoint, which must hold the weights that the next step goes on from
        self._averaged.take_out()
        if self.journal.finished:
            self.model.stop_training = True
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if is_last or is_due([self.journal]):
            self.journal.save(self.model)

    def _steps_done(self) -> int:
        """Steps of the epoch under way, from the optimizer's count: feeds may run ahead."""
        steps_before = self.journal.state.epoch * self.feed.steps
        return int(self.model.optimizer.iterations) - steps_before
