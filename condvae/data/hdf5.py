"""HDF5 files, including MATLAB 7.3 files, read with h5py, which Keras installs.

No link is followed out of the file, and only the filters that come with HDF5 are run. Texts of
variable length are refused: a damaged file with them made HDF5 read forever.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError, check_memory
from condvae.data.array_store import ArrayStore, Form, refusal

FILTERS = (1, 2, 3, 32000)  # deflate, shuffle, the sums of fletcher32, lzf
MOST_ARRAYS, MOST_DEPTH = 1_000, 3
REMEDY = "Copy the file again, or write it again, for example with h5py.File.create_dataset."


def is_hdf5(path: Path) -> bool:
    """Whether the content is HDF5, after any header, such as MATLAB's."""
    import h5py

    return bool(h5py.is_hdf5(path))


class Hdf5File(ArrayStore):
    """The arrays of numbers and text of an HDF5 file; those of groups are named "train/x".

    Args:
        path: path of the file.
        by_columns: whether MATLAB wrote it, so that axes are in the opposite order.
    """

    def __init__(self, path: Path, by_columns: bool = False):
        import h5py

        super().__init__(path)
        self.by_columns, self.may_stay = by_columns, not by_columns
        whole = refusal(f"{path} must be an HDF5 file", "none, or a damaged one", REMEDY)
        with whole, ExitStack() as opened:
            file = opened.enter_context(h5py.File(path, "r"))
            self.arrays_found = dict(self._found(file))
            self.opened = opened.pop_all()
        self.names = tuple(self.arrays_found)

    def form(self, name: str) -> Form:
        """Shape and dtype, if the array can be read safely."""
        array = self.arrays_found[name]
        with refusal(f"{self.called(name)} must be whole", "a damaged one", REMEDY):
            self._check(name, array)
            return tuple(array.shape[::-1] if self.by_columns else array.shape), array.dtype

    def read(self, name: str) -> np.ndarray:
        """The array, as MATLAB shows it if MATLAB wrote the file."""
        with refusal(f"{self.called(name)} must be whole", "a damaged one", REMEDY):
            values = np.asarray(self.arrays_found[name][()])
        return values.T if self.by_columns else values

    def mapped(self, name: str) -> Any:
        """The array, in a file that stays open as long as the array lives."""
        import h5py

        with refusal(f"{self.called(name)} must be whole", "a damaged one", REMEDY):
            return h5py.File(self.path, "r")[name]

    def _found(self, group: Any, above: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
        """The arrays of a group and of its subgroups, by their paths."""
        import h5py

        for count, key in enumerate(group):
            if count > MOST_ARRAYS:
                raise ValueError(f"more than {MOST_ARRAYS:,} names in a group")
            if key.startswith("#") or type(group.get(key, getlink=True)) is not h5py.HardLink:
                continue  # referenced by MATLAB's cells, and links
            child = group[key]
            if isinstance(child, h5py.Group) and depth < MOST_DEPTH:
                yield from self._found(child, f"{above}{key}/", depth + 1)
            elif isinstance(child, h5py.Dataset) and self._is_array(child):
                yield above + key, child

    def _is_array(self, child: Any) -> bool:
        """Whether a data set is an array of numbers or texts."""
        import h5py

        if child.shape is None or not child.shape:
            return False
        # MATLAB's text and cells are numbers too
        if child.attrs.get("MATLAB_class") in (b"char", b"cell"):
            return False
        return child.dtype.kind in "biuf" or h5py.check_string_dtype(child.dtype) is not None

    def _check(self, name: str, array: Any) -> None:
        """Refuse data in other files, made by plugins, or larger than announced."""
        if array.dtype.kind == "O":
            raise InputError(
                f"{self.called(name)} must hold numbers, or text of one width",
                "text of variable length, which can hang the reader of a damaged file",
                "Write it as y.astype('S'), or as numbers.",
            )
        plist = array.id.get_create_plist()
        filters = [plist.get_filter(place)[0] for place in range(plist.get_nfilters())]
        if array.is_virtual or array.external or not {*filters} <= {*FILTERS}:
            raise InputError(
                f"{self.called(name)} must be in the file itself, uncompressed or in gzip or lzf",
                "data in other files, or with another filter",
                REMEDY,
            )
        chunk = math.prod(array.chunks or (1,)) * array.dtype.itemsize
        check_memory(chunk, f"a chunk of {self.called(name)}")
