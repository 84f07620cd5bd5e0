"""An .npz of images and labels, read in blocks of rows.

NumPy can map a .npy into memory, but not a member of an archive: of 300,000 images, 238 MB, it
reads all before the first is available. In blocks the same file is read within 2 MB.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from condvae.blocks import slices
from condvae.data.array_store import refusal
from condvae.data.arrays import checked_images
from condvae.data.npz import HEADER_READERS, announced, opened
from condvae.data.pairs import checked_pair


@dataclass(frozen=True)
class StoredRows:
    """Images and labels that stay in their file.

    Attributes:
        path: an .npz with only the arrays x, uint8, and y, or only x.
        num_rows: number of rows of both.
        labelled: whether there is a y.
    """

    path: Path
    num_rows: int
    labelled: bool = True

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yield images (rows, height, width, channels) and labels (rows,), block by block.

        None replaces the labels if there are none.

        Raises:
            InputError: the file is damaged, or y holds no labels.
        """
        damage = f"{self.path} must be whole", "a damaged one"
        names = f"x of {self.path}", f"y of {self.path}"
        members = ("x.npy", "y.npy")[: 1 + self.labelled]
        with opened(self.path) as archive, ExitStack() as stack:
            files = [stack.enter_context(archive.open(member)) for member in members]
            with refusal(*damage):
                arrays = [_Array(file) for file in files]
            for part in slices(self.num_rows):
                with refusal(*damage):
                    x, *y = (array.rows(part) for array in arrays)
                yield checked_pair(x, y[0], *names) if y else (checked_images(x, names[0]), None)
            with refusal(*damage):
                for file in files:
                    file.read(1)  # here zipfile compares the checksums

    @property
    def x_max(self) -> int:
        """The value of one, as for `Dataset.x_max`: 1 if there are only zeros and ones."""
        return 255 if any(x.max() > 1 for x, _ in self.blocks()) else 1


def open_rows(path: Path) -> StoredRows | None:
    """The rows of an .npz of 8-bit images with one label each, or none; None for any other file.

    Other files must be read whole.

    Raises:
        InputError: not an .npz, a damaged one, or a pickled array.
    """
    with opened(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        if "x.npy" not in members or members.keys() - {"x.npy", "y.npy"}:
            return None
        forms, by_columns = [], False
        for name in sorted(members):
            forms.append(announced(archive, f"array {name[0]!r} of {path}", members[name]))
            with archive.open(name) as file:
                by_columns |= _Array(file).by_columns
    (x_shape, x_dtype), *labels = forms
    is_images = x_dtype == "uint8" and len(x_shape) in (3, 4) and math.prod(x_shape)
    if not is_images or by_columns or any(shape != x_shape[:1] for shape, _ in labels):
        return None
    return StoredRows(path, x_shape[0], bool(labels))


class _Array:
    """An array in an archive, read row by row after its header."""

    def __init__(self, file: IO[bytes]):
        shape, self.by_columns, self.dtype = HEADER_READERS[npy.read_magic(file)](file)
        self.file, self.shape = file, shape[1:]

    def rows(self, part: slice) -> np.ndarray:
        """The next rows, as many as the part has."""
        size = (part.stop - part.start) * math.prod(self.shape) * self.dtype.itemsize
        return np.frombuffer(self.file.read(size), self.dtype).reshape(-1, *self.shape)
