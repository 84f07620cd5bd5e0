"""Downsampling and upsampling of images in a network, one axis at a time, by matrix products."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from condvae.models.initializers import in_place_of

Initializers = Any

# The side in pixels up to which fully connected layers read and write images unchanged, and the
# side to which larger ones are resampled: some hundreds of latents hold no finer detail.
MOST_SIDE, SMALL_SIDE = 64, 48


def small_size(height: int, width: int) -> tuple[int, int]:
    """The size in which fully connected layers see an image: its own, or one of `SMALL_SIDE`."""
    longest = max(height, width)
    factor = 1.0 if longest <= MOST_SIDE else SMALL_SIDE / longest
    return max(1, round(factor * height)), max(1, round(factor * width))


def seen_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """Shape of an image, or a vector, as fully connected layers see it."""
    return (*small_size(*shape[:2]), shape[2]) if len(shape) == 3 else tuple(shape)


def resampling(size: int, new_size: int) -> np.ndarray:
    """The matrix (size, new_size) that resamples a row of pixels to another length.

    Downsampling: each new pixel is the mean of the pixels it covers. Upsampling: linear
        interpolation
    between the centres.
    """
    if new_size <= size:
        edges = np.arange(new_size + 1) * size / new_size
        pixels = np.arange(size)[:, None]
        covered = np.minimum(pixels + 1, edges[1:]) - np.maximum(pixels, edges[:-1])
        return np.maximum(covered, 0) * new_size / size
    centres = np.clip((np.arange(new_size) + 0.5) * size / new_size - 0.5, 0, size - 1)
    return np.maximum(0, 1 - np.abs(np.arange(size)[:, None] - centres))


def resample(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """(..., height, width, channels) images resampled to this size, as by `resampled`."""
    for axis, size in ((-3, height), (-2, width)):
        if images.shape[axis] != size:
            kernel = resampling(images.shape[axis], size).astype(images.dtype)
            images = np.moveaxis(np.moveaxis(images, axis, -1) @ kernel, -1, axis)
    return images


def resampled(image: Any, size: Sequence[int], name: str, kernels: Initializers) -> Any:
    """An image tensor resampled to another size, (batch, *size, channels)."""
    for axis, new in enumerate(size, 1):
        if image.shape[axis] != new:
            # move the axis to the end, and back
            turn = (2, 3, 1) if axis == 1 else (1, 3, 2)
            back = (3, 1, 2) if axis == 1 else (1, 3, 2)
            layer = keras.layers.Dense(
                new,
                use_bias=False,
                trainable=False,
                kernel_initializer=in_place_of(next(kernels), lambda _: Resampling()),
                name=f"{name}_{axis}",
            )
            image = layer(keras.layers.Permute(turn, name=f"{name}_{axis}_turned")(image))
            image = keras.layers.Permute(back, name=f"{name}_{axis}_back")(image)
    return image


@keras.saving.register_keras_serializable("condvae")
class Resampling(keras.initializers.Initializer):
    """The matrix of `resampling`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """A kernel of the shape (size, new size)."""
        return resampling(*shape).astype(dtype or "float32")

    def get_config(self) -> dict[str, Any]:
        """No arguments."""
        return {}
