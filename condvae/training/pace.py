"""The sequence of training steps: no step starts after a signal, and few are queued."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras

from condvae.training.interrupt import Interrupt

# Seconds above which a call is long: the next call waits until it ends, which costs a dispatch.
LONG = 0.05
SECONDS_BETWEEN_LOOKS = 0.001


class Pace:
    """Lets a call start when the previous one has ended; of short calls two may run at a time.

    JAX returns before a step has ended and would queue 32 more, which no signal reaches.

    Args:
        interrupt: whether a signal requested a stop.

    Attributes:
        closed: whether no step may start, with or without a signal.
    """

    def __init__(self, interrupt: Interrupt):
        self.interrupt, self.closed = interrupt, False
        # unknown at first, so the first calls are waited for
        self._seconds, self._steps_in_time = math.inf, 1
        self._running: deque[tuple[Any, float, int]] = deque()
        self._ended = 0.0

    def may_begin(self) -> bool:
        """Wait until a call may start; False: no call may start."""
        while self._running and (self._seconds > LONG or len(self._running) > 1):
            self._wait()
        return not (self.closed or self.interrupt.asked())

    def end(self) -> None:
        """Wait for the calls that have started."""
        while self._running:
            self._wait()

    def began(self, loss: Any, begun: float, steps: int = 1) -> None:
        """Record a call.

        Args:
            loss: one of its results.
            begun: when it started, by time.perf_counter.
            steps: number of its steps.
        """
        self.interrupt.defer()
        self._running.append((loss, begun, steps))

    def pieces(self, steps: int) -> Iterator[tuple[int, int]]:
        """The steps of a block, (first, end), in pieces that are short calls."""
        first = 0
        while first < steps and self.may_begin():
            end = min(steps, first + self._steps_in_time)
            yield first, end
            first = end

    def _wait(self) -> None:
        """Wait for the call that started first."""
        loss, begun, steps = self._running.popleft()
        # a second signal acts immediately, but cannot interrupt code that waits for JAX
        while self._seconds > LONG and not _is_ready(loss):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        keras.ops.convert_to_numpy(loss)  # available when the call has ended
        now = time.perf_counter()
        self._seconds = max(now - max(begun, self._ended), 1e-6)
        self._steps_in_time = max(1, int(steps * LONG / self._seconds))
        self._ended = now


def _is_ready(loss: Any) -> bool:
    """Whether its value is available; only JAX returns before."""
    return keras.backend.backend() != "jax" or loss.is_ready()


def keep_pace(model: keras.Model, pace: Pace) -> None:
    """Make Keras's training steps use this pace, and validation steps their own."""
    if model.train_function is None:  # otherwise `fuse` has created it
        model.make_train_function()
        model.train_function = _in_turn(model, model.train_function, pace)
    model.make_test_function()
    model.test_function = _in_turn(model, model.test_function, Pace(pace.interrupt))


def lose_pace(model: keras.Model) -> None:
    """Make Keras create its own steps again."""
    model.train_function = model.test_function = None


def no_logs(model: keras.Model) -> dict[str, float]:
    """The result of a call without a step, for which Keras then reads the model's metrics."""
    return dict.fromkeys([metric.name for metric in model.metrics], 0.0)


def _in_turn(model: keras.Model, function: Any, pace: Pace) -> Callable[..., Any]:
    """A function of Keras's trainer with a pace: (state, iterator) with JAX, otherwise (batch)."""

    def step(*arguments: Any) -> Any:
        *state, batch = arguments
        if state:
            batch = iter([next(batch)])  # prepared while the previous step runs
        if not pace.may_begin():
            model.stop_evaluating = True
            return (no_logs(model), *state) if state else no_logs(model)
        begun = time.perf_counter()
        result = function(*state, batch)
        logs: Mapping[str, Any] = result[0] if state else result
        pace.began(logs["loss"], begun)
        return result

    return step
