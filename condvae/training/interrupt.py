"""Ctrl-C and SIGTERM as a flag: a signal inside a JAX step would lose its buffers."""

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
    """Which signal asked to stop, if any.

    Before `defer` a signal acts at once, as it does outside of a training.
    """

    signal: int | None = None

    def __init__(self, model: keras.Model | None = None):
        self.model, self._deferred = model, False
        self._previous: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether one did."""
        return self.signal is not None

    def asked(self) -> bool:
        """Whether one did by the step that could begin now."""
        return self.requested

    def defer(self) -> None:
        """Let the first Ctrl-C, or SIGTERM, wait from now on: there is something to keep.

        The second one acts at once, as before. Outside the main thread signals stay alone, as does
        one that the process was started to ignore (`nohup`, a background job of a script).
        """
        if self._deferred or threading.current_thread() is not threading.main_thread():
            return
        self._deferred = True
        for number in STATUSES:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):  # None: not Python's
                self._previous[number] = signal.signal(number, self._request)

    def restore(self) -> None:
        """Let signals act as before."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _request(self, signum: int, frame: Any) -> None:
        self.signal = signum
        if self.model is not None:
            self.model.stop_training = True
        self.restore()


class Preemption(Interrupt):
    """The same of several processes, of which each must take the steps that the others take.

    SIGTERM to any of them is JAX's, which agrees with all on the step that is the last one; a
    handler of our own would leave the others waiting for this one.
    """

    def __init__(self, model: keras.Model | None = None):
        super().__init__(model)
        self._steps = 0

    def asked(self) -> bool:
        """Whether the step that all have agreed on is the one before this."""
        from jax.experimental.multihost_utils import reached_preemption_sync_point

        self._steps += 1
        if not self.requested and reached_preemption_sync_point(self._steps):
            self._request(signal.SIGTERM, None)
        return self.requested

    def defer(self) -> None:
        """Signals stay JAX's."""


@contextmanager
def interruptible(model: keras.Model) -> Iterator[Interrupt]:
    """In this block a signal ends training after the running step, once `defer` was called."""
    interrupt = Interrupt(model) if num_processes() == 1 else Preemption(model)
    try:
        yield interrupt
    finally:
        interrupt.restore()


def raise_signal(path: Path, status: str, what: str = "resume=True") -> None:
    """Raise what the signal means to Python that gave a run its status, if one did.

    Args:
        what: goes on with it.
    """
    said = f"{path} keeps what was done; {what} goes on"
    if status == "interrupted":
        raise KeyboardInterrupt(said)
    if status == "terminated":
        log.warning("terminated: %s", said)
        raise SystemExit(128 + signal.SIGTERM)  # as a shell says it
