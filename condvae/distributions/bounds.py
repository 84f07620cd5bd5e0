"""Bounds that let gradients through."""

from keras import ops

from condvae.distributions.event import Tensor


def soft_floor(values: Tensor, least: float) -> Tensor:
    """log(exp(values) + exp(least)): values far above least as they are, never below it."""
    return ops.logaddexp(values, ops.full_like(values, least))


def soft_ceiling(values: Tensor, most: float) -> Tensor:
    """Values far below most as they are, never above it."""
    return -soft_floor(-values, -most)
