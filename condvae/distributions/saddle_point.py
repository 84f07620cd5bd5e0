"""Log-probabilities of counts as sums of small terms, without cancellation of large ones.

Source: Loader 2000 (saddle-point form).
"""

import math

import numpy as np
from keras import ops

from condvae.distributions.event import Tensor
from condvae.distributions.normal import LOG_2PI

# log k! - k log k + k for k = 0 to 15, beyond which Stirling's series is exact in float32
_LOG_FACTORIALS = np.array(
    [math.lgamma(k + 1) - (k * math.log(k) - k if k else 0) for k in range(16)], "float32"
)


def deviance(value: Tensor, log_ratio: Tensor) -> Tensor:
    """value (exp(-r) - 1 + r), with r the logarithm of value over its expectation."""
    near = ops.abs(log_ratio) < 0.2
    r = ops.where(near, log_ratio, 0.0)
    taylor = r**2 * (1 / 2 - r * (1 / 6 - r * (1 / 24 - r * (1 / 120 - r / 720))))
    return value * ops.where(near, taylor, ops.expm1(-log_ratio) + log_ratio)


def log_factorial_excess(counts: Tensor) -> Tensor:
    """log k! - k log k + k, from a table or by Stirling's series."""
    few = ops.take(_LOG_FACTORIALS, ops.cast(ops.clip(counts, 0, 15), "int32"))
    many = ops.maximum(counts, 16.0)
    series = 0.5 * (LOG_2PI + ops.log(many)) + 1 / (12 * many) - 1 / (360 * many**3)
    return ops.where(counts < 16, few, series)
