"""Grids of images as one array."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from condvae.inference.trained import TrainedModel


class Block(NamedTuple):
    """A grid of images with its labels.

    Attributes:
        cells: (rows, columns, height, width, channels); a cell of NaN is empty.
        column_labels: one label per column.
        row_labels: one label per row, or none.
        heat: (rows, columns, height, width, 1) non-negative values, shown as colours in empty
            cells; NaN elsewhere.
    """

    cells: np.ndarray
    column_labels: Sequence[str]
    row_labels: Sequence[str] = ()
    heat: np.ndarray | None = None


def rows_of(columns: int, images: np.ndarray) -> np.ndarray:
    """Images in reading order as cells: (rows, columns, height, width, channels)."""
    return images.reshape(-1, columns, *images.shape[1:])


def wrapped(
    cells: np.ndarray,
    column_labels: Sequence[str],
    row_labels: Sequence[str] = (),
    per_block: int = 10,
) -> list[Block]:
    """Blocks with equally many columns, at most per_block; the last is padded with NaN."""
    columns = cells.shape[1]
    per_block = min(per_block, columns)
    missing = -columns % per_block
    padding = np.full((len(cells), missing, *cells.shape[2:]), np.nan, dtype="float32")
    cells, labels = np.concatenate([cells, padding], axis=1), [*column_labels, *[""] * missing]
    return [
        Block(cells[:, first : first + per_block], labels[first : first + per_block], row_labels)
        for first in range(0, columns, per_block)
    ]


def tile(cells: np.ndarray, gap: int, background: float) -> np.ndarray:
    """A grid of images side by side in one picture.

    Args:
        cells: (rows, columns, height, width, channels); a cell of NaN is left empty.
        gap: pixels between neighbours.
        background: value of the gaps and of empty cells.

    Returns:
        (rows * (height + gap) - gap, columns * (width + gap) - gap[, channels]); one channel
        loses its axis.
    """
    rows, columns, height, width, channels = cells.shape
    padded = np.full(
        (rows, columns, height + gap, width + gap, channels), background, dtype="float32"
    )
    padded[:, :, :height, :width] = np.where(np.isnan(cells), background, cells)
    picture = padded.transpose(0, 2, 1, 3, 4).reshape(
        rows * (height + gap), columns * (width + gap), channels
    )[: -gap or None, : -gap or None]
    return picture[..., 0] if channels == 1 else picture


def scaled_images(model: TrainedModel, x: Any) -> np.ndarray:
    """Stored images on the scale of the decoded ones: (batch, *image_shape) float32."""
    x, network = np.asarray(x), model.keras_model
    if network.likelihood.of_classes and x.dtype.kind != "f":
        one_hot = np.eye(model.image_shape[-1], dtype="float32")
        return one_hot[x.reshape(-1, *model.image_shape[:-1])]
    scale = 1 if x.dtype.kind == "f" else network.x_max
    return (x.astype("float32") / scale).reshape(-1, *model.image_shape)
