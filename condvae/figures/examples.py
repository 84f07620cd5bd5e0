"""Images of a data set with how each was interpreted."""

import posixpath

import numpy as np

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.data.examples import examples
from condvae.data.overview import as_bytes
from condvae.figures.figure import Figure
from condvae.figures.grids import grid_figure
from condvae.figures.tiles import Block


def draw_examples(dataset: Dataset) -> Figure:
    """Ten images side by side, with the condition and file name above each.

    Raises:
        InputError: a table.
    """
    if dataset.table is not None:
        raise InputError("examples must be images", dataset.assumption, "Leave --out out.")
    chosen = examples(dataset)
    images = as_bytes(dataset.x[[one.row for one in chosen]], dataset.x, dataset.x_max)
    labels = []
    for one in chosen:
        file = posixpath.basename(one.file.partition(", ")[0])
        labels.append("\n".join(text for text in (one.given, file) if text))
    block = Block(images[np.newaxis].astype("float32") / 255, labels)
    caption = f"{dataset.name or 'arrays'}: {dataset.condition}; {dataset.assumption}."
    return grid_figure([block], caption)
