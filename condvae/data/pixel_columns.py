"""Tables that are images: one column per pixel, like Kaggle's MNIST."""

import math
import re

import numpy as np

from condvae.data.tables import Columns

# number of a pixel, or its row and column
PIXEL_COLUMN = re.compile(r"(?:pixel|px|p)[_.]?\d+|\d+x\d+", re.IGNORECASE)
LEAST_SIDE = 4


def pixels_and_columns(columns: Columns) -> tuple[np.ndarray, Columns] | None:
    """Images (N, side, side) uint8 from pixel columns, and the other columns; None without any."""
    pixels = [name for name in columns if PIXEL_COLUMN.fullmatch(name)]
    side = math.isqrt(len(pixels))
    if side < LEAST_SIDE or side**2 != len(pixels):
        return None
    levels = np.stack([columns[name] for name in pixels], axis=1)
    if levels.dtype.kind != "f" or not np.isin(levels, np.arange(256)).all():
        return None
    x = levels.astype("uint8").reshape(-1, side, side)
    return x, {name: values for name, values in columns.items() if name not in pixels}
