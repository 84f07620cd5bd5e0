"""Baselines: a first guess of x from y alone."""

import math
from collections.abc import Iterator, Sequence

import keras

from condvae.models.convolutions import Pyramid
from condvae.models.initializers import glorot_uniform
from condvae.models.layers import (
    NO_DROPOUT,
    Dropout,
    LearnedScale,
    dense_stack,
    flat_concatenated,
)


def mlp_baseline(
    params_shape: Sequence[int],
    condition_shape: Sequence[int],
    hidden_dims: Sequence[int] = (512,),
    activation: str = "relu",
    initializers: Iterator[keras.initializers.Initializer] | None = None,
    residual: bool = False,
    scale: LearnedScale | None = None,
    dropout: Dropout = NO_DROPOUT,
) -> keras.Model:
    """A fully connected deterministic network.

    Args:
        params_shape: of what the last layer writes, as in `mlp_decoder`.
        initializers: of the kernels, layer by layer; None: `glorot_uniform(0)`.
        residual: a block of two layers for each of hidden_dims, see `residual_stack`.
        scale: appends logarithms of variances to the last layer's means.
        dropout: of the hidden values in training.

    Returns:
        A functional model {"y": (batch, *condition_shape)} -> guess (batch, *params_shape), behind
        it the scale's, in the units of x_params (logits for a Bernoulli likelihood).
    """
    initializers = initializers or glorot_uniform(seed=0)
    y = keras.Input(tuple(condition_shape), name="y")
    hidden = dense_stack(
        flat_concatenated({"y": y}),
        hidden_dims,
        activation,
        initializers,
        residual=residual,
        dropout=dropout,
    )
    output = keras.layers.Dense(
        math.prod(params_shape), name="guess", kernel_initializer=next(initializers)
    )
    guess = keras.layers.Reshape(tuple(params_shape), name="image")(output(hidden))
    if scale is not None:
        guess = scale(guess)
    return keras.Model({"y": y}, guess, name="baseline")


def conv_baseline(
    params_shape: Sequence[int],
    condition_shape: Sequence[int],
    channels: Sequence[int] = (16, 32, 64),
    activation: str = "relu",
    initializers: Iterator[keras.initializers.Initializer] | None = None,
    scale: LearnedScale | None = None,
) -> keras.Model:
    """A convolutional deterministic network; channels as in `conv_decoder`, the rest as in
    `mlp_baseline`.

    Source: Ronneberger, Fischer & Brox 2015 (levels joined where the sizes agree).
    """
    initializers = initializers or glorot_uniform(seed=0)
    y = keras.Input(tuple(condition_shape), name="y")
    pyramid = Pyramid(channels, activation, initializers)
    guess, _ = pyramid.predicted({"y": y}, params_shape, "guess")
    if scale is not None:
        guess = scale(guess)
    return keras.Model({"y": y}, guess, name="baseline")
