"""Priors: p(z | y).

A keras.Model that writes the mean and logvar of a Normal, see `Architecture.prior`, or a
`PriorLayer` that makes any other `PriorDistribution`: see `flow`, `vampprior` and `ladder`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import keras

from condvae.distributions import Chain, Normal

Tensor = Any


class PriorDistribution(Protocol):
    """p(z | y) as a value; `Normal` is one, with a closed-form KL from another Normal."""

    @property
    def mean(self) -> Tensor:
        """A point in the middle of the distribution, (batch, latent_dim)."""
        ...

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(z | y) of a value, (batch,) nats."""
        ...

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that standard normal noise (batch, noise_dim) stands for."""
        ...

    def sample(self, seed: Any) -> Tensor:
        """One draw for each row, differentiable in the parameters."""
        ...

    def per_sample(self) -> Self:
        """The same with an axis for draws after the batch."""
        ...


class PriorLayer(keras.layers.Layer, ABC):
    """A prior beyond the Normal.

    Attributes:
        latent_dim: size of z.
        noise_dim: standard normal numbers that one draw is made from.
        reads: names of the inputs that it needs, of "y" and "guess".
        groups: sizes of the groups that a draw is made of one after the other, if it is.
    """

    latent_dim: int
    noise_dim: int
    reads: tuple[str, ...]
    groups: tuple[int, ...] = ()

    @abstractmethod
    def given(
        self,
        inputs: Mapping[str, Tensor],
        encode: Callable[[Tensor, Tensor], Normal],
        training: bool = False,
    ) -> PriorDistribution:
        """p(z | y).

        Args:
            inputs: "y" encoded, (batch, *condition_shape), and "guess", the expected x, or None.
            encode: (x, y) -> q(z | x, y), for a prior that is made of posteriors.
            training: handed on to the networks.
        """

    def posterior(self, encoded: Normal) -> Normal | Chain:
        """q(z | x, y), of what the encoder writes."""
        return encoded
