"""Baselines: a first guess of x from y alone."""

import math
from collections.abc import Iterator, Sequence

import keras

from condvae.models.convolutions import Pyramid
from condvae.models.initializers import glorot_uniform
from condvae.models.layers import dense_stack, flat_concatenated


def mlp_baseline(
    image_shape: Sequence[int],
    condition_shape: Sequence[int],
    hidden_dims: Sequence[int] = (512,),
    activation: str = "relu",
    initializers: Iterator[keras.initializers.Initializer] | None = None,
    residual: bool = False,
) -> keras.Model:
    """A fully connected deterministic network.

    Args:
        initializers: of the kernels, layer by layer; None: `glorot_uniform(0)`.
        residual: a block of two layers for each of hidden_dims, see `residual_stack`.

    Returns:
        A functional model {"y": (batch, *condition_shape)} -> guess (batch, *image_shape), in the
        units of x_params (logits for a Bernoulli likelihood).
    """
    initializers = initializers or glorot_uniform(seed=0)
    y = keras.Input(tuple(condition_shape), name="y")
    hidden = dense_stack(
        flat_concatenated({"y": y}), hidden_dims, activation, initializers, residual=residual
    )
    output = keras.layers.Dense(
        math.prod(image_shape), name="guess", kernel_initializer=next(initializers)
    )
    guess = keras.layers.Reshape(tuple(image_shape), name="image")(output(hidden))
    return keras.Model({"y": y}, guess, name="baseline")


def conv_baseline(
    image_shape: Sequence[int],
    condition_shape: Sequence[int],
    channels: Sequence[int] = (16, 32, 64),
    activation: str = "relu",
    initializers: Iterator[keras.initializers.Initializer] | None = None,
) -> keras.Model:
    """A convolutional deterministic network; channels as in `conv_decoder`, the rest as in
    `mlp_baseline`.

    Source: Ronneberger, Fischer & Brox 2015 (levels joined where the sizes agree).
    """
    initializers = initializers or glorot_uniform(seed=0)
    y = keras.Input(tuple(condition_shape), name="y")
    guess, _ = Pyramid(channels, activation, initializers).predicted({"y": y}, image_shape, "guess")
    return keras.Model({"y": y}, guess, name="baseline")
