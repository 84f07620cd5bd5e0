"""Ctrl-C and SIGTERM set a flag: a signal inside a JAX step would lose its buffers."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import keras

from condvae.training.processes import num_processes

log = logging.getLogger(__name__)

# signal -> the status of a run that it ended
STATUSES: dict[int, Literal["interrupted", "terminated"]] = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
}


class Interrupt:
    """The signal that requested a stop, if any.

    Before `defer`, a signal acts immediately, as it does outside of a training.
    """

    signal: int | None = None

    def __init__(self, model: keras.Model | None = None):
        self.model, self._deferred = model, False
        self._previous: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether there was one."""
        return self.signal is not None

    def asked(self) -> bool:
        """Whether there was one before the step that could start now."""
        return self.requested

    def defer(self) -> None:
        """Defer the first Ctrl-C or SIGTERM from now on, since there is something to save.

        The second one acts immediately, as before. Signals are not changed outside the main thread,
        nor those that the process was started to ignore (`nohup`, a background job of a script).
        """
        if self._deferred or threading.current_thread() is not threading.main_thread():
            return
        self._deferred = True
        for number in STATUSES:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):  # None: not Python's
                self._previous[number] = signal.signal(number, self._request)

    def restore(self) -> None:
        """Restore the former handling of signals."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _request(self, signum: int, frame: Any) -> None:
        self.signal = signum
        if self.model is not None:
            self.model.stop_training = True
        self.restore()


class Preemption(Interrupt):
    """The same for several processes, each of which must take the same steps as the others.

    SIGTERM to any process is handled by JAX, which makes all of them agree on the last step; a
    handler of our own would leave the others waiting for this process.
    """

    def __init__(self, model: keras.Model | None = None):
        super().__init__(model)
        self._steps = 0

    def asked(self) -> bool:
        """Whether the step that all have agreed on is the previous one."""
        from jax.experimental.multihost_utils import reached_preemption_sync_point

        self._steps += 1
        if not self.requested and reached_preemption_sync_point(self._steps):
            self._request(signal.SIGTERM, None)
        return self.requested

    def defer(self) -> None:
        """Do nothing: JAX handles signals."""


@contextmanager
def interruptible(model: keras.Model) -> Iterator[Interrupt]:
    """In this block, a signal ends training after the current step, once `defer` was called."""
    interrupt = Interrupt(model) if num_processes() == 1 else Preemption(model)
    try:
        yield interrupt
    finally:
        interrupt.restore()


def raise_signal(path: Path, status: str, what: str = "resume=True") -> None:
    """Raise what the signal means in Python, if one gave the run its status.

    Args:
        what: the option that continues the run, for the message.
    """
    said = f"{path} keeps what was done; {what} continues"
    if status == "interrupted":
        raise KeyboardInterrupt(said)
    if status == "terminated":
        log.warning("terminated: %s", said)
        raise SystemExit(128 + signal.SIGTERM)  # the exit status of shells
