"""Conversion of nats to bits per dimension."""

import math
from collections.abc import Sequence


def bits_per_dim(nats: float, shape: Sequence[int]) -> float:
    """nats / (number of values in an x of that shape * ln 2).

    For a probability of 8-bit levels it is comparable across image sizes; for a density it depends
    on the unit of x.
    """
    return nats / (math.prod(shape) * math.log(2))
