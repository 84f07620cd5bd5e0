"""Convolutional networks: pyramids of residual blocks, for images of any size.

There are no transposed convolutions (slow on CPU, and they cause checkerboard artefacts) and none
at full resolution: the first convolution reads a patch of pixels at each place, and the last one of
the pyramid writes one. Between them are residual blocks, whose kernels overlap. Each pixel is then
computed from its features and from the condition at that pixel.

Source: Liu et al. 2022 (ConvNeXt), for patches and strides of the kernel's size.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np

from condvae.models.architectures.architecture import Architecture, Initializers, Shape
from condvae.models.layers import NO_DROPOUT, Dropout

LARGE = 64  # pixels per side
PIXEL_FEATURES = 8


def patch_of(image_shape: Sequence[int]) -> int:
    """Side of the square of pixels at each place of the finest level: 2, or 4 for large images."""
    return 4 if min(image_shape[:2]) >= LARGE else 2


class Convolutional(Architecture):
    """A `Pyramid` for each image; hidden_dims are the channels of its levels, also in the decoder.

    A condition of the same size as x is concatenated with it from the first layer on, and enters
    the decoder at all levels; a class, an image of another size, and z enter at the coarsest level.

    Source: Ronneberger, Fischer & Brox 2015 (skip connections between levels of equal size).
    """

    needs_images: ClassVar[bool] = True
    is_bounded: ClassVar[bool] = True

    def vector(
        self,
        network: str,
        inputs: Mapping[str, Any],
        kernels: Initializers,
        dropout: Dropout = NO_DROPOUT,
    ) -> Any:
        """See `Architecture`."""
        return Pyramid(self.hidden_dims, self.activation, kernels).vectors(merged(inputs))

    def written(
        self,
        network: str,
        inputs: Mapping[str, Any],
        shape: Shape,
        name: str,
        kernels: Initializers,
        dropout: Dropout = NO_DROPOUT,
    ) -> tuple[Any, Any]:
        """See `Architecture`."""
        return Pyramid(self.hidden_dims, self.activation, kernels).predicted(inputs, shape, name)

    def first_bias(self, x_params: np.ndarray) -> np.ndarray:
        """The mean over the pixels, one value per channel."""
        return np.mean(x_params, axis=(0, 1))


class Pyramid:
    """Builds the levels of one network, one after another.

    Args:
        channels: channels of the levels, the finest first: one place per patch, then one per 2 × 2
            patches, ...
        activation: activation of the residual blocks.
        initializers: kernel initialisers, one per layer.
    """

    def __init__(self, channels: Sequence[int], activation: str, initializers: Initializers):
        self.channels, self.activation, self.initializers = channels, activation, initializers

    def down(self, image: Any, name: str) -> list[Any]:
        """Features of an image at each level, the finest first."""
        levels, stride = [], patch_of(image.shape[1:])
        for depth, channels in enumerate(self.channels):
            image = self._convolution(channels, f"{name}_down_{depth}", stride, stride)(image)
            # a place covers 2 × 2 places of the level before; only the first convolution reads
            # whole patches
            stride = 2
            image = self._residual(image, f"{name}_level_{depth}")
            levels.append(image)
        return levels

    def up(self, features: Any, sizes: Sequence[tuple[int, int]], skips: Sequence[Any] = ()) -> Any:
        """Features at the finest of these sizes, computed from those at the coarsest.

        Args:
            sizes: (height, width) of the levels, the finest first.
            skips: features of another network at these sizes, to be added (skip connections).
        """
        features = self._residual(features, "up_bottom")
        for depth in reversed(range(len(sizes) - 1)):
            # on a CPU, JAX needs half the time of a transposed convolution for this
            features = _resized(features, sizes[depth], f"up_{depth}")
            features = self._convolution(self.channels[depth], f"up_{depth}")(features)
            if skips:
                features = keras.layers.Add(name=f"skip_{depth}")([features, skips[depth]])
            features = self._residual(features, f"up_level_{depth}")
        return features

    def pixels(self, features: Any, image_shape: Sequence[int], name: str) -> Any:
        """An image computed from features: one patch of pixels for each place."""
        height, width, channels = image_shape
        (rows, columns), patch = features.shape[1:3], patch_of(image_shape)
        # each place writes its own patch, so that nothing is computed at full resolution
        patches = self._convolution(channels * patch**2, name, kernel=1)(
            self._active(features, name)
        )
        patches = keras.layers.Reshape((rows, columns, patch, patch, channels), name="patches")(
            patches
        )
        # (rows, patch, columns, patch, channels): the first two pairs of axes are the image's
        places = keras.layers.Permute((1, 3, 2, 4, 5), name="places")(patches)
        shape = (patch * rows, patch * columns, channels)
        return _cut(keras.layers.Reshape(shape, name="whole")(places), (height, width), "pixels")

    def dense(self, size: int, name: str) -> keras.layers.Dense:
        """A dense layer without an activation."""
        return keras.layers.Dense(size, name=name, kernel_initializer=next(self.initializers))

    def vectors(self, inputs: Mapping[str, Any]) -> Any:
        """Vectors, and the coarsest features of images, as one vector."""
        flat = [
            tensor if len(tensor.shape) == 2 else self._flat(self.down(tensor, name)[-1], name)
            for name, tensor in inputs.items()
        ]
        return flat[0] if len(flat) == 1 else keras.layers.Concatenate(name="vectors")(flat)

    def predicted(
        self, inputs: Mapping[str, Any], image_shape: Sequence[int], name: str
    ) -> tuple[Any, Any]:
        """An image computed from vectors and images, and the layer that writes it.

        Inputs of the image's size enter at every level, others as vectors at the coarsest level.
        """
        alike = {n: t for n, t in inputs.items() if tuple(t.shape[1:3]) == tuple(image_shape[:2])}
        others = {n: t for n, t in inputs.items() if n not in alike}
        sizes = level_sizes(image_shape, len(self.channels))
        skips = [level for n, tensor in alike.items() for level in self.down(tensor, n)]
        # z and a class have no position, so they enter where a place covers most of the image
        bottom = [skips[-1]] if skips else []
        if others:
            shape = (*sizes[-1], self.channels[-1])
            places = self.dense(math.prod(shape), "bottom")(self.vectors(others))
            bottom.append(keras.layers.Reshape(shape, name="bottom_image")(places))
        start = bottom[0] if len(bottom) == 1 else keras.layers.Add(name="bottoms")(bottom)
        features = self.up(start, sizes, skips)
        pixels = self.pixels(features, (*image_shape[:2], PIXEL_FEATURES), "pixel_features")
        # the condition at full resolution, which the levels of patches do not have
        if alike:
            pixels = keras.layers.Concatenate(name="pixels_and_given")([pixels, *alike.values()])
        pixels = self._convolution(2 * PIXEL_FEATURES, "each_pixel", kernel=1)(pixels)
        output = self._convolution(image_shape[-1], name, kernel=1)
        return output(self._active(pixels, "each_pixel")), output

    def _flat(self, features: Any, name: str) -> Any:
        """Features as one vector, after the activation that the last block omits."""
        features = self._active(features, name)
        places = keras.layers.Flatten(name=f"flat_{name}")(features)
        # features that do not depend on the position are learned once, not at each place
        anywhere = keras.layers.GlobalMaxPooling2D(name=f"anywhere_{name}")(features)
        # Adam moves every weight by the learning rate, so a layer's response to n such values would
        # change by n times that, and training would diverge
        scaled = [
            keras.layers.Rescaling(1 / math.sqrt(part.shape[-1]), name=f"{part_name}_{name}")(part)
            for part_name, part in (("scaled_flat", places), ("scaled_anywhere", anywhere))
        ]
        return keras.layers.Concatenate(name=f"vector_{name}")(scaled)

    def _active(self, features: Any, name: str) -> Any:
        """The features after the activation function."""
        return keras.layers.Activation(self.activation, name=f"{name}_activation")(features)

    def _residual(self, features: Any, name: str) -> Any:
        """A residual block: the features plus two convolutions of the features."""
        inner, channels = features, features.shape[-1]
        for half in ("a", "b"):
            inner = self._active(inner, f"{name}_{half}")
            inner = self._convolution(channels, f"{name}_{half}")(inner)
        return keras.layers.Add(name=name)([features, inner])

    def _convolution(
        self, channels: int, name: str, kernel: int = 3, stride: int = 1
    ) -> keras.layers.Conv2D:
        """A convolution that preserves the size, apart from its stride."""
        return keras.layers.Conv2D(
            channels,
            kernel,
            strides=stride,
            padding="same",
            name=name,
            kernel_initializer=next(self.initializers),
        )


def level_sizes(image_shape: Sequence[int], num_levels: int) -> list[tuple[int, int]]:
    """(height, width) of the levels of a pyramid, the finest first, rounded up."""
    patch, (height, width) = patch_of(image_shape), image_shape[:2]
    sides = [patch * 2**level for level in range(num_levels)]
    return [(-(-height // side), -(-width // side)) for side in sides]


def merged(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Images of one size concatenated along their channels; other inputs unchanged."""
    by_size: dict[Any, dict[str, Any]] = {}
    for name, tensor in inputs.items():
        by_size.setdefault(tensor.shape[1:3] if len(tensor.shape) == 4 else name, {})[name] = tensor
    return {
        "_and_".join(group): next(iter(group.values()))
        if len(group) == 1
        else keras.layers.Concatenate(name="_and_".join(group))(list(group.values()))
        for group in by_size.values()
    }


def _resized(features: Any, size: tuple[int, int], name: str) -> Any:
    """Features upsampled by a factor of two and cropped to the size."""
    larger = keras.layers.UpSampling2D(2, name=f"{name}_larger")(features)
    return _cut(larger, size, f"{name}_cut")


def _cut(image: Any, size: Sequence[int], name: str) -> Any:
    """The image cropped to the size."""
    surplus = [(0, have - want) for have, want in zip(image.shape[1:3], size, strict=True)]
    return keras.layers.Cropping2D(surplus, name=name)(image)
