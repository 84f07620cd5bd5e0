"""Ctrl-C and SIGTERM as a flag: a signal inside a JAX step would lose its buffers."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import keras

# signal -> the status of a run that it ended
STATUSES: dict[int, Literal["interrupted", "terminated"]] = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
}


class Interrupt:
    """Which signal asked to stop, if any."""

    signal: int | None = None

    @property
    def requested(self) -> bool:
        """Whether one did."""
        return self.signal is not None


@contextmanager
def interruptible(model: keras.Model) -> Iterator[Interrupt]:
    """In this block the first Ctrl-C, or SIGTERM, ends training after the running step.

    The second one acts at once, as before. Outside the main thread signals stay alone, as does
    one that the process was started to ignore (`nohup`, a background job of a script).
    """
    interrupt = Interrupt()

    def request(signum: int, frame: Any) -> None:
        interrupt.signal = signum
        model.stop_training = True
        restore()

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    previous: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in STATUSES:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):  # None: not Python's
                previous[number] = signal.signal(number, request)
    try:
        yield interrupt
    finally:
        restore()
