"""The trailing axes of values, over which densities sum."""

import math
from collections.abc import Sequence
from typing import Any

from keras import ops

Tensor = Any


def sum_event(values: Tensor, event_ndim: int) -> Tensor:
    """Sum over the last event_ndim axes."""
    return ops.sum(values, axis=tuple(range(-event_ndim, 0)))


def flatten_event(values: Any, event_shape: Sequence[int]) -> Any:
    """Values with the event's axes flattened, (..., size of the event); numbers unchanged.

    XLA's CPU code is vectorised along one long axis, not over several short ones: this is three
    times faster for images.
    """
    if not len(getattr(values, "shape", ())):
        return values
    leading = ops.shape(values)[: -len(event_shape)]
    if tuple(values.shape[-len(event_shape) :]) != tuple(event_shape):
        values = ops.broadcast_to(values, (*leading, *event_shape))
    return ops.reshape(values, (*leading, math.prod(event_shape)))
