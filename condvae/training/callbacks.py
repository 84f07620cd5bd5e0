"""User-defined Keras callbacks, in a training that may call `fit` several times."""

import logging
from collections.abc import Sequence
from typing import Any

import keras

from condvae.checks import InputError
from condvae.training.pace import Pace

log = logging.getLogger(__name__)

BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
TEST_HOOKS = ("on_test_batch_begin", "on_test_batch_end")
# They hold objects, but no state that an epoch changes. (CSVLogger has append=True for its file.)
STATELESS = ("CSVLogger", "LambdaCallback", "LearningRateScheduler", "TensorBoard")
STATELESS += ("TerminateOnNaN",)


def check_callbacks(callbacks: Sequence[Any]) -> tuple[keras.callbacks.Callback, ...]:
    """The callbacks, after checking that a run can use each of them."""
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
                "`callbacks` must leave saving and resuming to the run",
                type(callback).__name__,
                "Omit it; `resume=True` continues with identical results.",
            )
    return tuple(callbacks)


def names_of(callbacks: Sequence[Any]) -> tuple[str, ...]:
    """Names of their classes, for the record."""
    return tuple(type(callback).__name__ for callback in callbacks)


def watch_batches(callbacks: Sequence[Any], hooks: Sequence[str] = BATCH_HOOKS) -> tuple[str, ...]:
    """Names of the callbacks that use events of single batches."""
    return names_of(
        [
            callback
            for callback in callbacks
            # Keras marks methods that are not overridden
            if not all(getattr(getattr(callback, hook), "_is_default", False) for hook in hooks)
        ]
    )


def note_new_beginnings(callbacks: Sequence[Any]) -> None:
    """Log the callbacks that may have state across epochs, which checkpoints do not hold."""
    common = vars(keras.callbacks.Callback()).keys()
    begun = [
        callback
        for callback in callbacks
        if not _is_stateless(callback) and vars(callback).keys() - common
    ]
    if begun:
        log.warning(
            "callbacks without their former state, which checkpoints do not hold: %s",
            ", ".join(names_of(begun)),
        )


def _is_stateless(callback: keras.callbacks.Callback) -> bool:
    """Whether it is a Keras callback without state."""
    kind = type(callback)
    return kind.__name__ in STATELESS and kind is getattr(keras.callbacks, kind.__name__, None)


class UserCallbacks(keras.callbacks.Callback):
    """Forwards Keras's events to the user's callbacks, as if `fit` were called once.

    Events of an interrupted epoch are not forwarded; the end of an epoch is forwarded by the
    `Recorder`, before it takes a checkpoint, which then includes the changes that a callback makes.

    Args:
        callbacks: the user's callbacks.
        epochs: number of epochs of the run.
        pace: the pace of the steps.
        ended_by: for a run that has nothing left to do, the callback that stopped it.

    Attributes:
        ended_by: class name of the callback that requested a stop.
        first_step: first step of this call of `fit`, which may be in the middle of an epoch after
            resuming.
    """

    first_step = 0

    def __init__(
        self, callbacks: Sequence[Any], epochs: int, pace: Pace, ended_by: str | None = None
    ):
        super().__init__()
        self.callbacks, self.epochs, self.pace = callbacks, epochs, pace
        self.ended_by, self._has_begun, self._last_logs = ended_by, False, {}

    def set_params(self, params: Any) -> None:
        """Set the total number of epochs, of which a call of `fit` may run only one."""
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params({**params, "epochs": self.epochs})

    def set_model(self, model: Any) -> None:
        """Pass the model to the user's callbacks."""
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def on_train_begin(self, logs: Any = None) -> None:
        """Forward it once, regardless of the number of calls of `fit`."""
        if not self._has_begun:
            self._has_begun = True
            self.tell("on_train_begin", logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Forward it with Keras's number of the epoch, also after resuming."""
        self.tell("on_epoch_begin", epoch, logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Forward it, unless there is no validation."""
        if not self._model.stop_evaluating:
            self.tell("on_test_begin", logs)

    def on_test_end(self, logs: Any = None) -> None:
        """Forward the end of a complete validation."""
        if not self._model.stop_evaluating:
            self.tell("on_test_end", logs)

    def end_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Forward the end of a complete epoch."""
        self._last_logs = logs
        self.tell("on_epoch_end", epoch, logs)

    def end(self) -> None:
        """Forward the end of the training, if it has started."""
        if self._has_begun:
            self.tell("on_train_end", self._last_logs)

    def tell(self, event: str, *arguments: Any) -> None:
        """Call each callback, and record which one requests a stop."""
        for callback in self.callbacks:
            stopped = self._model.stop_training  # `self.model` would wait for the step
            getattr(callback, event)(*arguments)
            if self._model.stop_training and not (stopped or self.pace.interrupt.requested):
                self.ended_by = type(callback).__name__


class BatchCallbacks(UserCallbacks):
    """Forwards events of batches too; a separate class, since Keras then waits for each step."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Forward the start of a step."""
        if not (self.pace.closed or self.pace.interrupt.requested):
            self.tell("on_train_batch_begin", batch + self.first_step, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Forward the end of a step that was taken."""
        if not (self.pace.closed or self._model.stop_evaluating):
            self.tell("on_train_batch_end", batch + self.first_step, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Forward the start of a validation batch."""
        if not self._model.stop_evaluating:
            self.tell("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Forward the end of a validation batch."""
        if not self._model.stop_evaluating:
            self.tell("on_test_batch_end", batch, logs)


def user_callbacks(
    callbacks: Sequence[Any], epochs: int, pace: Pace, ended_by: str | None
) -> UserCallbacks:
    """One callback that forwards to all of them, with events of batches if one of them uses
    these."""
    looks = watch_batches(callbacks, BATCH_HOOKS + TEST_HOOKS)
    return (BatchCallbacks if looks else UserCallbacks)(callbacks, epochs, pace, ended_by)
