"""What a model is made for: the shapes and ranges of its data."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Signature:
    """Shapes and ranges of x and y, as data have them and a run's record keeps them.

    Attributes:
        x_shape: (height, width, channels) of the images as stored; of a table's rows (size,).
        condition_shape: of an encoded condition.
        x_max: the integer that stands for one; of label maps the last class.
        y_max: the same of an image given as y; None: x_max.
        columns: kind and size of each column of a table; None for images.
    """

    x_shape: Sequence[int]
    condition_shape: Sequence[int]
    x_max: int = 255
    y_max: int | None = None
    columns: Sequence[tuple[int, int]] | None = None
