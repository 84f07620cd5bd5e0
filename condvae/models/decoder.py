"""Decoders: the parameters of p(x | z, y)."""

import math
from collections.abc import Iterator, Sequence

import keras
import numpy as np

from condvae.models.convolutions import Pyramid
from condvae.models.initializers import glorot_uniform
from condvae.models.layers import LearnedScale, dense_stack, flat_concatenated, named_inputs


def mlp_decoder(
    params_shape: Sequence[int],
    condition_shape: Sequence[int] | None,
    latent_dim: int,
    hidden_dims: Sequence[int] = (512,),
    activation: str = "relu",
    output_bias: np.ndarray | None = None,
    initializers: Iterator[keras.initializers.Initializer] | None = None,
    residual: bool = False,
    condition_everywhere: bool = False,
    scale: LearnedScale | None = None,
) -> keras.Model:
    """A fully connected decoder.

    Args:
        params_shape: of what the last layer writes: `Likelihood.params_shape` of x's, but x's own
            where a scale comes to it.
        condition_shape: of an encoded y; None for a decoder that sees z alone.
        output_bias: (*params_shape,) first values of the last bias, in the units of x_params
            (logits for a Bernoulli likelihood); zeros where None.
        initializers: of the kernels, layer by layer; None: `glorot_uniform(0)`.
        residual: a block of two layers for each of hidden_dims, see `residual_stack`.
        condition_everywhere: every hidden layer, or block, sees y; else the first one.
        scale: appends logarithms of variances to the last layer's means.

    Returns:
        A functional model {"z": (batch, latent_dim), "y": (batch, *condition_shape)} -> x_params,
        (batch, *params_shape), and behind them the scale's; a decoder of the user's own has these
        inputs and outputs too.
    """
    initializers = initializers or glorot_uniform(seed=0)
    inputs = named_inputs(z=(latent_dim,), y=condition_shape)
    hidden = flat_concatenated(inputs)
    hidden = dense_stack(
        hidden,
        hidden_dims,
        activation,
        initializers,
        residual=residual,
        condition=inputs.get("y") if condition_everywhere else None,
    )
    output = keras.layers.Dense(
        math.prod(params_shape),
        name="x_params",
        kernel_initializer=next(initializers),
    )
    x_params = keras.layers.Reshape(tuple(params_shape), name="image")(output(hidden))
    if output_bias is not None:
        output.bias.assign(np.reshape(output_bias, -1))
    if scale is not None:
        x_params = scale(x_params)
    return keras.Model(inputs, x_params, name="decoder")


def conv_decoder(
    params_shape: Sequence[int],
    condition_shape: Sequence[int] | None,
    latent_dim: int,
    channels: Sequence[int] = (16, 32, 64),
    activation: str = "relu",
    output_bias: np.ndarray | None = None,
    initializers: Iterator[keras.initializers.Initializer] | None = None,
    scale: LearnedScale | None = None,
) -> keras.Model:
    """A convolutional decoder; arguments, inputs and outputs as in `mlp_decoder`, but for these.

    Args:
        channels: of the levels, see `Pyramid`, as in the encoder. A condition of the image's
            size is seen at all of these levels; another one, and z, at the coarsest.
        output_bias: as there; its mean over the pixels is taken, one value for each channel.

    Source: Ronneberger, Fischer & Brox 2015 (levels joined where the sizes agree).
    """
    initializers = initializers or glorot_uniform(seed=0)
    inputs = named_inputs(z=(latent_dim,), y=condition_shape)
    pyramid = Pyramid(channels, activation, initializers)
    x_params, output = pyramid.predicted(inputs, params_shape, "x_params")
    if output_bias is not None:
        output.bias.assign(np.mean(output_bias, axis=(0, 1)))
    if scale is not None:
        x_params = scale(x_params)
    return keras.Model(inputs, x_params, name="decoder")
