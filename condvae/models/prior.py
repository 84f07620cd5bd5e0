"""Priors: p(z | y).

A keras.Model that writes the mean and logvar of a Normal, as here, or a `PriorLayer` that makes any
other `PriorDistribution`: see `flow` and `vampprior`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

import keras

from condvae.distributions import Normal
from condvae.models.convolutions import Pyramid, merged
from condvae.models.initializers import glorot_uniform
from condvae.models.layers import (
    NO_DROPOUT,
    Dropout,
    dense_stack,
    flat_concatenated,
    named_inputs,
    normal_outputs,
)

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
    """

    latent_dim: int
    noise_dim: int
    reads: tuple[str, ...]

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


def mlp_prior(
    condition_shape: Sequence[int],
    latent_dim: int,
    hidden_dims: Sequence[int] = (512,),
    activation: str = "relu",
    guess_shape: Sequence[int] | None = None,
    initializers: Iterator[keras.initializers.Initializer] | None = None,
    residual: bool = False,
    condition_everywhere: bool = False,
    dropout: Dropout = NO_DROPOUT,
) -> keras.Model:
    """A fully connected conditional prior.

    Args:
        guess_shape: of the baseline's guess, which the prior sees beside y; None for none.
        initializers: of the kernels, layer by layer; None: `glorot_uniform(0)`.
        residual: a block of two layers for each of hidden_dims, see `residual_stack`.
        condition_everywhere: every hidden layer, or block, sees y; else the first one.
        dropout: of the hidden values in training.

    Returns:
        A functional model {"y": (batch, *condition_shape)[, "guess": (batch, *guess_shape)]} ->
        {"mean": (batch, latent_dim), "logvar": (batch, latent_dim)}.

    Source: Sohn, Lee & Yan 2015, section 4.1 (the guess as an input of the prior).
    """
    initializers = initializers or glorot_uniform(seed=0)
    inputs = named_inputs(y=condition_shape, guess=guess_shape)
    hidden = dense_stack(
        flat_concatenated(inputs),
        hidden_dims,
        activation,
        initializers,
        residual=residual,
        condition=inputs["y"] if condition_everywhere else None,
        dropout=dropout,
    )
    return keras.Model(inputs, normal_outputs(hidden, latent_dim, initializers), name="prior")


def conv_prior(
    condition_shape: Sequence[int],
    latent_dim: int,
    channels: Sequence[int] = (16, 32, 64),
    activation: str = "relu",
    guess_shape: Sequence[int] | None = None,
    initializers: Iterator[keras.initializers.Initializer] | None = None,
) -> keras.Model:
    """A convolutional prior; channels as in `conv_encoder`, the rest as in `mlp_prior`."""
    initializers = initializers or glorot_uniform(seed=0)
    inputs = named_inputs(y=condition_shape, guess=guess_shape)
    hidden = Pyramid(channels, activation, initializers).vectors(merged(inputs))
    outputs = normal_outputs(hidden, latent_dim, initializers, is_bounded=True)
    return keras.Model(inputs, outputs, name="prior")
