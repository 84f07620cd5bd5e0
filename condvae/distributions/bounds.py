"""Bounds that do not block gradients."""

from keras import ops

from condvae.distributions.event import Tensor


def soft_floor(values: Tensor, least: float) -> Tensor:
    """log(exp(values) + exp(least)): close to values far above least, and never below it."""
    return ops.logaddexp(values, ops.full_like(values, least))


def soft_ceiling(values: Tensor, most: float) -> Tensor:
    """A soft upper bound: close to values far below most, and never above it."""
    return -soft_floor(-values, -most)
