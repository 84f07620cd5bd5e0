"""Decoders: the parameters of p(x | z, y)."""

import math
from collections.abc import Iterator, Sequence

import keras
import numpy as np

from condvae.models.initializers import glorot_uniform
from condvae.models.layers import dense_stack, flat_concatenated


def mlp_decoder(
    image_shape: Sequence[int],
    condition_shape: Sequence[int] | None,
    latent_dim: int,
    hidden_dims: Sequence[int] = (512,),
    activation: str = "relu",
    output_bias: np.ndarray | None = None,
    initializers: Iterator[keras.initializers.Initializer] | None = None,
) -> keras.Model:
    """A fully connected decoder.

    Args:
        condition_shape: of an encoded y; None for a decoder that sees z alone.
        output_bias: (*image_shape,) first values of the last bias, in the units of x_params
            (logits for a Bernoulli likelihood); zeros where None.
        initializers: of the kernels, layer by layer; None: `glorot_uniform(0)`.

    Returns:
        A functional model {"z": (batch, latent_dim), "y": (batch, *condition_shape)} -> x_params,
        (batch, *image_shape); a decoder of the user's own has these inputs and outputs too.
    """
    initializers = initializers or glorot_uniform(seed=0)
    z = keras.Input((latent_dim,), name="z")
    inputs = {"z": z}
    if condition_shape is not None:
        inputs["y"] = keras.Input(tuple(condition_shape), name="y")
    hidden = flat_concatenated(inputs)
    hidden = dense_stack(hidden, hidden_dims, activation, initializers)
    output = keras.layers.Dense(
        math.prod(image_shape),
        name="x_params",
        kernel_initializer=next(initializers),
    )
    x_params = keras.layers.Reshape(tuple(image_shape), name="image")(output(hidden))
    if output_bias is not None:
        output.bias.assign(np.reshape(output_bias, -1))
    return keras.Model(inputs, x_params, name="decoder")
