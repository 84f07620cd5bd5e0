"""Classifiers: q(y | x), learned beside where not all labels are known."""

from collections.abc import Iterator, Sequence

import keras

from condvae.models.convolutions import Pyramid
from condvae.models.initializers import glorot_uniform
from condvae.models.layers import NO_DROPOUT, Dropout, dense_stack, flat_concatenated


def mlp_classifier(
    image_shape: Sequence[int],
    num_classes: int,
    hidden_dims: Sequence[int] = (512,),
    activation: str = "relu",
    initializers: Iterator[keras.initializers.Initializer] | None = None,
    residual: bool = False,
    dropout: Dropout = NO_DROPOUT,
) -> keras.Model:
    """A fully connected classifier.

    Args:
        initializers: of the kernels, layer by layer; None: `glorot_uniform(0)`.
        residual: a block of two layers for each of hidden_dims, see `residual_stack`.
        dropout: of the hidden values in training.

    Returns:
        A functional model {"x": (batch, *image_shape)} -> logits (batch, num_classes).
    """
    initializers = initializers or glorot_uniform(seed=0)
    x = keras.Input(tuple(image_shape), name="x")
    hidden = dense_stack(
        flat_concatenated({"x": x}),
        hidden_dims,
        activation,
        initializers,
        residual=residual,
        dropout=dropout,
    )
    logits = keras.layers.Dense(num_classes, name="logits", kernel_initializer=next(initializers))
    return keras.Model({"x": x}, logits(hidden), name="classifier")


def conv_classifier(
    image_shape: Sequence[int],
    num_classes: int,
    channels: Sequence[int] = (16, 32, 64),
    activation: str = "relu",
    initializers: Iterator[keras.initializers.Initializer] | None = None,
) -> keras.Model:
    """A convolutional classifier; channels as in `conv_encoder`, the rest as in
    `mlp_classifier`.
    """
    initializers = initializers or glorot_uniform(seed=0)
    x = keras.Input(tuple(image_shape), name="x")
    hidden = Pyramid(channels, activation, initializers).vectors({"x": x})
    logits = keras.layers.Dense(num_classes, name="logits", kernel_initializer=next(initializers))
    return keras.Model({"x": x}, logits(hidden), name="classifier")
