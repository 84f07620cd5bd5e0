"""Encoders: q(z | x, y)."""

from collections.abc import Iterator, Sequence

import keras

from condvae.models.convolutions import Pyramid, merged
from condvae.models.initializers import glorot_uniform
from condvae.models.layers import dense_stack, flat_concatenated, named_inputs, normal_outputs


def mlp_encoder(
    image_shape: Sequence[int],
    condition_shape: Sequence[int] | None,
    latent_dim: int,
    hidden_dims: Sequence[int] = (512,),
    activation: str = "relu",
    activity_regularizer: str | None = None,
    initializers: Iterator[keras.initializers.Initializer] | None = None,
    residual: bool = False,
    condition_everywhere: bool = False,
) -> keras.Model:
    """A fully connected encoder.

    Args:
        condition_shape: of an encoded y; None for an encoder that sees x alone.
        initializers: of the kernels, layer by layer; None: `glorot_uniform(0)`.
        residual: a block of two layers for each of hidden_dims, see `residual_stack`.
        condition_everywhere: every hidden layer, or block, sees y; else the first one.

    Returns:
        A functional model {"x": (batch, *image_shape), "y": (batch, *condition_shape)} ->
        {"mean": (batch, latent_dim), "logvar": (batch, latent_dim)}; an encoder of the user's
        own has these inputs and outputs too.
    """
    initializers = initializers or glorot_uniform(seed=0)
    inputs = named_inputs(x=image_shape, y=condition_shape)
    hidden = flat_concatenated(inputs)
    hidden = dense_stack(
        hidden,
        hidden_dims,
        activation,
        initializers,
        activity_regularizer,
        residual,
        inputs.get("y") if condition_everywhere else None,
    )
    outputs = normal_outputs(hidden, latent_dim, initializers)
    return keras.Model(inputs, outputs, name="encoder")


def conv_encoder(
    image_shape: Sequence[int],
    condition_shape: Sequence[int] | None,
    latent_dim: int,
    channels: Sequence[int] = (16, 32, 64),
    activation: str = "relu",
    initializers: Iterator[keras.initializers.Initializer] | None = None,
) -> keras.Model:
    """A convolutional encoder; inputs, outputs and initializers as in `mlp_encoder`.

    Args:
        channels: of the levels, see `Pyramid`. A condition of x's size is seen beside it
            from the first layer on; a class at the last one.
    """
    initializers = initializers or glorot_uniform(seed=0)
    inputs = named_inputs(x=image_shape, y=condition_shape)
    hidden = Pyramid(channels, activation, initializers).vectors(merged(inputs))
    outputs = normal_outputs(hidden, latent_dim, initializers, is_bounded=True)
    return keras.Model(inputs, outputs, name="encoder")
