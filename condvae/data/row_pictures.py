"""An encoded picture in each row of a table, with the other columns as its conditions."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from condvae.conditions import named_kinds
from condvae.data.dataset import Dataset
from condvae.data.file_tree import FileTree
from condvae.data.image_folder import read_images
from condvae.data.named_arrays import unlabelled
from condvae.data.tables import TableFile
from condvae.spec import DataSpec


class RowPictures(FileTree):
    """Pictures, each named by its row.

    Args:
        path: name of the table in error messages.
        contents: an encoded picture of each row; a missing one is an empty file, which no decoder
            accepts.
    """

    def __init__(self, path: Path, contents: Sequence[bytes | None]):
        super().__init__(path)
        self.contents = contents
        self.names = tuple(f"row {row}" for row in range(len(contents)))
        self.folders = ()

    def called(self, name: str) -> str:
        """Name of a picture in error messages."""
        return f"{name} of {self.path}"

    def size(self, name: str) -> int:
        """Bytes of a picture."""
        return len(self._content(name))

    def open(self, name: str) -> IO[bytes]:
        """A picture to read."""
        return io.BytesIO(self._content(name))

    def _content(self, name: str) -> bytes:
        """The encoded picture."""
        return self.contents[int(name.removeprefix("row "))] or b""


def pictured(
    tree: RowPictures,
    table: TableFile | None,
    names_of_classes: Mapping[str, Sequence[str]],
    splits: np.ndarray | None,
    name: str,
    spec: DataSpec,
) -> Dataset:
    """The data set of pictures and the columns beside them.

    Args:
        table: the other columns; None: there are none.
        names_of_classes: class names of columns of codes.
        splits: (N,) split of each row, if the source states it.
        name: name of the data; "" for a table in memory.

    Raises:
        InputError: errors of `read_images` and `Dataset.from_columns`.
    """
    x, rows, files = read_images(tree, list(tree.names), spec)
    splits = None if splits is None else splits[rows]
    if table is None:
        labels = unlabelled(len(x), str(tree.path))
        return Dataset.from_arrays(x, labels, name=name, splits=splits, files=files, spec=spec)
    wanted = {*named_kinds(spec.conditions, list(table.columns)), *spec.ignore}
    columns = {
        column: named_codes(values, names_of_classes.get(column))[rows]
        for column, values in table.used(wanted).items()
    }
    return Dataset.from_columns(columns, x, name=name, splits=splits, files=files, spec=spec)


def named_codes(values: np.ndarray, names: Sequence[str] | None) -> np.ndarray:
    """Codes as class names, if these are known; -1 stands for a missing one."""
    if not names or values.dtype.kind != "f":
        return values
    codes = np.nan_to_num(values, nan=-1)
    if (codes != np.rint(codes)).any() or codes.min() < -1 or codes.max() >= len(names):
        return values
    return np.array([*names, ""])[codes.astype(int)]
