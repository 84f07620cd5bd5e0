"""Images, and parts of images, as conditions."""

import math
from typing import Any, ClassVar, Literal, Self

import numpy as np

from condvae.checks import InputError, check_finite, check_mask, check_range, check_shape
from condvae.conditions.condition import ALONE, PART
from condvae.conditions.part import Part
from condvae.files.frozen import Count


class Image(Part):
    """A conditioning image.

    Attributes:
        name: name of the condition.
        image_shape: (height, width, channels).
        y_max: the integer that is scaled to one.
    """

    places: ClassVar = (ALONE, PART)
    is_image: ClassVar = True

    kind: Literal["image"] = "image"
    name: str = "image"
    image_shape: tuple[Count, Count, Count]
    y_max: Count = 255

    @classmethod
    def takes(cls, values: np.ndarray) -> bool:
        """Arrays with more axes than rows of numbers."""
        return values.ndim > 2

    @classmethod
    def of_column(cls, name: str, values: np.ndarray, rows: np.ndarray, settings: str = "") -> Self:
        """Images, one per row."""
        if values.ndim not in (3, 4):
            raise InputError(
                f"the condition {name!r} must be images, (N, height, width[, channels])",
                f"shape {values.shape}",
                "Declare another kind.",
            )
        shape = values.shape[1:] if values.ndim == 4 else (*values.shape[1:], 1)
        in_bytes = values.dtype.kind in "iu" and values.max() > 1
        return cls(name=name, image_shape=shape, y_max=255 if in_bytes else 1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one y in the networks."""
        return self.image_shape

    @property
    def white(self) -> int:
        """The integer that is scaled to one."""
        return self.y_max

    @property
    def dim(self) -> int:
        """Number of values."""
        return math.prod(self.image_shape)

    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, height * width * channels) float32 from images without missing values."""
        values = values[..., None] if values.ndim == 3 else values  # grey, without a channel
        return self.encode(values).reshape(len(values), -1)

    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """(batch, *image_shape) float32, the inverse of `encode_rows`."""
        return block.reshape(-1, *self.image_shape)

    def is_one(self, y: Any) -> bool:
        """Whether y is one condition rather than one per row."""
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

    def given(self, text: str) -> Any:
        """Raise InputError: an image among several conditions cannot be written as text."""
        raise InputError(
            f"--given {self.name} must be passed in Python",
            "a condition that is an image among others",
            f"Pass {{{self.name!r}: array}} to TrainedModel.generate.",
        )

    def for_page(self) -> dict[str, Any]:
        """The shape of the given image, and whether it is a part of x."""
        shape = {"image_shape": self.image_shape, "is_part": self.of_x}
        return {"kind": self.kind, "name": self.name, "parts": [], **shape}

    def __str__(self) -> str:
        height, width, channels = self.image_shape
        return f"{self.name}: an image of {height} × {width} × {channels}"


class MaskedImage(Image):
    """The given part of an image, and the mask that marks it.

    Attributes:
        image_shape: (height, width, channels) of the image to predict.
    """

    places: ClassVar = (ALONE,)
    is_image: ClassVar = False
    of_x: ClassVar = True

    kind: Literal["masked_image"] = "masked_image"  # type: ignore[assignment]
    name: str = "given"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one y in the networks: the pixels, with the mask as last channel."""
        height, width, channels = self.image_shape
        return (height, width, channels + 1)

    def encode(self, y: Any) -> np.ndarray:
        """As for an `Image`, for y from `masks.observe`.

        Raises:
            InputError: another shape, values out of range, or a mask that gives all pixels or none.
        """
        y = super().encode(y)
        check_range(y[..., -1], 0, 1, "the mask in y")
        check_mask(y[..., -1], "the mask in y")
        return y

    def random(self, num_rows: int, rng: np.random.Generator) -> np.ndarray:
        """Masks of zeros and ones, with zero pixels where they are missing."""
        # the mask; hidden pixels are 0, as in the feed
        y = super().random(num_rows, rng)
        y[..., -1] = y[..., -1] < 0.5
        y[..., :-1] *= y[..., -1:]
        return y

    def __str__(self) -> str:
        height, width, channels = self.image_shape
        return f"{self.name}: a part of the {height} × {width} × {channels} image, and its mask"
