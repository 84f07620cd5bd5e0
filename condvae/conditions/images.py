"""Images, and parts of them."""

import math
from typing import Any, Literal

import numpy as np

from condvae.checks import InputError, check_finite, check_mask, check_range, check_shape
from condvae.files.frozen import Count, Frozen


class Image(Frozen):
    """An image.

    Attributes:
        name: what the condition is called.
        image_shape: (height, width, channels).
        y_max: the integer that stands for one.
    """

    kind: Literal["image"] = "image"
    name: str = "image"
    image_shape: tuple[Count, Count, Count]
    y_max: Count = 255

    @property
    def shape(self) -> tuple[int, ...]:
        """What the networks see for one y."""
        return self.image_shape

    @property
    def dim(self) -> int:
        """Number of values."""
        return math.prod(self.image_shape)

    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, height * width * channels) float32 of images none of which is missing."""
        values = values[..., None] if values.ndim == 3 else values  # grey, without a channel
        return self.encode(values).reshape(len(values), -1)

    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """(batch, *image_shape) float32, the inverse of `encode_rows`."""
        return block.reshape(-1, *self.image_shape)

    def is_one(self, y: Any) -> bool:
        """Whether y is one condition, not one a row."""
        return np.shape(y) == self.shape

    def encode(self, y: Any) -> np.ndarray:
        """The networks' input for y.

        Args:
            y: (*shape,) or (batch, *shape): integers from 0 to y_max, or floats.

        Returns:
            (batch, *shape) float32.

        Raises:
            InputError: another shape, or values out of range.
        """
        y, name = np.asarray(y), f"y, the condition {self.name!r},"
        y = y[None] if y.ndim == len(self.shape) else y
        check_shape(y, (None, *self.shape), name)
        if y.dtype.kind not in "biuf":
            raise InputError("y must hold numbers", f"dtype {y.dtype}", "Pass uint8 or float32.")
        if y.dtype.kind == "f":
            return check_finite(y.astype("float32"), name)
        return (check_range(y, 0, self.y_max, name) / self.y_max).astype("float32")

    def __str__(self) -> str:
        height, width, channels = self.image_shape
        return f"{self.name}: an image of {height} × {width} × {channels}"


class MaskedImage(Image):
    """The given part of an image, and the mask that says which part that is.

    Attributes:
        image_shape: (height, width, channels) of the image to predict.
    """

    kind: Literal["masked_image"] = "masked_image"  # type: ignore[assignment]
    name: str = "given"

    @property
    def shape(self) -> tuple[int, ...]:
        """What the networks see for one y: the pixels, and the mask as last channel."""
        height, width, channels = self.image_shape
        return (height, width, channels + 1)

    def encode(self, y: Any) -> np.ndarray:
        """As for an `Image`, of y as `masks.observe` makes it.

        Raises:
            InputError: another shape, values out of range, or a mask that gives all or nothing.
        """
        y = super().encode(y)
        check_range(y[..., -1], 0, 1, "the mask in y")
        check_mask(y[..., -1], "the mask in y")
        return y

    def __str__(self) -> str:
        height, width, channels = self.image_shape
        return f"{self.name}: a part of the {height} × {width} × {channels} image, and its mask"
