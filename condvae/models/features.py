"""The network whose features a perceptual loss compares."""

from collections.abc import Iterator, Sequence

import keras

CHANNELS = (24, 48, 96)
# pixels per side, approximately, to which larger images are averaged first
SHRUNK = 32


def features_network(
    x_shape: Sequence[int], kernels: Iterator[keras.initializers.Initializer]
) -> keras.Model:
    """Three strided convolutions: {"x": (batch, *x_shape)} -> {"level_0": ..., "level_2": ...}.

    It is small, since it runs twice in each step; `training.features` trains it.
    """
    image = x = keras.Input(tuple(x_shape), name="x")
    if (factor := min(x_shape[:2]) // SHRUNK) > 1:
        image = keras.layers.AveragePooling2D(factor, name="shrunk")(image)
    levels = {}
    for depth, channels in enumerate(CHANNELS):
        image = levels[f"level_{depth}"] = keras.layers.Conv2D(
            channels,
            3,
            strides=2,
            padding="same",
            activation="silu",
            kernel_initializer=next(kernels),
            name=f"level_{depth}",
        )(image)
    return keras.Model({"x": x}, levels, name="features")
