"""Keras callbacks of the user's own, as guests of a training that `fit` may call in pieces."""

import logging
from collections.abc import Sequence
from typing import Any

import keras

from condvae.checks import InputError
from condvae.training.pace import Pace

log = logging.getLogger(__name__)

BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
TEST_HOOKS = ("on_test_batch_begin", "on_test_batch_end")
# They keep objects, but nothing that an epoch changes. (CSVLogger has append=True for the file.)
STATELESS = ("CSVLogger", "LambdaCallback", "LearningRateScheduler", "TensorBoard")
STATELESS += ("TerminateOnNaN",)


def check_callbacks(callbacks: Sequence[Any]) -> tuple[keras.callbacks.Callback, ...]:
    """The callbacks, if each is one that a run can have."""
    if isinstance(callbacks, keras.callbacks.Callback):
        callbacks = [callbacks]
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise InputError(
                "`callbacks` must be a list of keras.callbacks.Callback",
                f"{callback!r:.200}",
                "Pass instances, such as keras.callbacks.EarlyStopping().",
            )
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            raise InputError(
                "`callbacks` must leave breaks to the run, which resumes by itself",
                type(callback).__name__,
                "Leave it out; `resume=True` goes on to the same bits.",
            )
    return tuple(callbacks)


def names_of(callbacks: Sequence[Any]) -> tuple[str, ...]:
    """What the record says of them: the names of their classes."""
    return tuple(type(callback).__name__ for callback in callbacks)


def watch_batches(callbacks: Sequence[Any], hooks: Sequence[str] = BATCH_HOOKS) -> tuple[str, ...]:
    """The names of those that look at single batches."""
    return names_of(
        [
            callback
            for callback in callbacks
            # Keras marks the methods that nobody has overridden
            if not all(getattr(getattr(callback, hook), "_is_default", False) for hook in hooks)
        ]
    )


def note_new_beginnings(callbacks: Sequence[Any]) -> None:
    """Name those that may keep something from epoch to epoch, which no checkpoint holds."""
    common = vars(keras.callbacks.Callback()).keys()
    begun = [
        callback
        for callback in callbacks
        if not _is_stateless(callback) and vars(callback).keys() - common
    ]
    if begun:
        log.warning(
            "callbacks that begin anew, for what they kept is in no checkpoint: %s",
            ", ".join(names_of(begun)),
        )


def _is_stateless(callback: keras.callbacks.Callback) -> bool:
    """Whether it is one of Keras's that keep nothing."""
    kind = type(callback)
    return kind.__name__ in STATELESS and kind is getattr(keras.callbacks, kind.__name__, None)


class UserCallbacks(keras.callbacks.Callback):
    """Hands Keras's events on to the user's callbacks, as if `fit` were called once.

    What a signal cuts short is not told; the end of an epoch is told by the `Recorder`, before it
    takes a checkpoint, which then holds what a callback has changed.

    Args:
        callbacks: the user's.
        epochs: of the run.
        pace: of the steps.
        ended_by: the callback that has ended the training before, of a run that has nothing left.

    Attributes:
        ended_by: the name of the class of the one that asked to stop.
        first_step: of this call of `fit`, which after a break begins in the middle of an epoch.
    """

    first_step = 0

    def __init__(
        self, callbacks: Sequence[Any], epochs: int, pace: Pace, ended_by: str | None = None
    ):
        super().__init__()
        self.callbacks, self.epochs, self.pace = callbacks, epochs, pace
        self.ended_by, self._has_begun, self._last_logs = ended_by, False, {}

    def set_params(self, params: Any) -> None:
        """All epochs, of which a call of `fit` may be one."""
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params({**params, "epochs": self.epochs})

    def set_model(self, model: Any) -> None:
        """The model."""
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def on_train_begin(self, logs: Any = None) -> None:
        """Once, whatever the number of calls of `fit`."""
        if not self._has_begun:
            self._has_begun = True
            self.tell("on_train_begin", logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """As Keras counts, also after a resume."""
        self.tell("on_epoch_begin", epoch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Unless there is no validation."""
        if not self._model.stop_evaluating:
            self.tell("on_test_begin", logs)

    def on_test_end(self, logs: Any = None) -> None:
        """Of a whole validation."""
        if not self._model.stop_evaluating:
            self.tell("on_test_end", logs)

    def end_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """The end of a whole epoch."""
        self._last_logs = logs
        self.tell("on_epoch_end", epoch, logs)

    def end(self) -> None:
        """The end of the training, if it has begun."""
        if self._has_begun:
            self.tell("on_train_end", self._last_logs)

    def tell(self, event: str, *arguments: Any) -> None:
        """Call each callback, and note which one asks to stop."""
        for callback in self.callbacks:
            stopped = self._model.stop_training  # `self.model` would wait for the step
            getattr(callback, event)(*arguments)
            if self._model.stop_training and not (stopped or self.pace.interrupt.requested):
                self.ended_by = type(callback).__name__


class BatchCallbacks(UserCallbacks):
    """The same of callbacks that look at batches: a class of its own, since Keras then waits."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A step that may begin."""
        if not (self.pace.closed or self.pace.interrupt.requested):
            self.tell("on_train_batch_begin", batch + self.first_step, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """A step that was taken."""
        if not (self.pace.closed or self._model.stop_evaluating):
            self.tell("on_train_batch_end", batch + self.first_step, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of validation."""
        if not self._model.stop_evaluating:
            self.tell("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """The same, done."""
        if not self._model.stop_evaluating:
            self.tell("on_test_batch_end", batch, logs)


def user_callbacks(
    callbacks: Sequence[Any], epochs: int, pace: Pace, ended_by: str | None
) -> UserCallbacks:
    """One callback for all of them, that hears of batches where one of them does."""
    looks = watch_batches(callbacks, BATCH_HOOKS + TEST_HOOKS)
    return (BatchCallbacks if looks else UserCallbacks)(callbacks, epochs, pace, ended_by)
