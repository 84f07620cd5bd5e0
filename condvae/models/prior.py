"""Priors: p(z | y).

A prior is a keras.Model that outputs the mean and logvar of a Normal, see `Architecture.prior`, or
a `PriorLayer` that returns any other `PriorDistribution`: see `flow`, `vampprior` and `ladder`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self

import keras

from condvae.distributions import Chain, Normal

Tensor = Any


class PriorDistribution(Protocol):
    """The interface of p(z | y); `Normal` has it, with a closed-form KL to another Normal."""

    @property
    def mean(self) -> Tensor:
        """A central point of the distribution, (batch, latent_dim)."""
        ...

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(z | y) of a value, (batch,) nats."""
        ...

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that corresponds to standard normal noise (batch, noise_dim)."""
        ...

    def sample(self, seed: Any) -> Tensor:
        """One draw for each row, differentiable in the parameters."""
        ...

    def per_sample(self) -> Self:
        """The same distribution with an axis for draws after the batch axis."""
        ...


class PriorLayer(keras.layers.Layer, ABC):
    """A prior other than the Normal.

    Attributes:
        latent_dim: size of z.
        noise_dim: number of standard normal values from which one draw is computed.
        reads: names of the inputs that it needs, out of "y" and "guess".
        groups: sizes of the groups that are drawn one after another, if the prior has groups.
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
            encode: (x, y) -> q(z | x, y), for a prior that is a mixture of posteriors.
            training: passed on to the networks.
        """

    def posterior(self, encoded: Normal) -> Normal | Chain:
        """q(z | x, y), from the output of the encoder."""
        return encoded
