"""Rows of arrays that stay on disk until they are requested."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from condvae.blocks import slices
from condvae.checks import check_memory

Change = Callable[[np.ndarray], np.ndarray]

# attributes of arrays in memory: JAX's, torch's, CuPy's, and those of pandas and xarray
IN_MEMORY = ("__array_interface__", "__dlpack__", "to_numpy")
BLOCK_BYTES = 2**24  # bytes of rows that are processed together
# Rows closer to each other than this are read in one piece, with those between them.
GAP = 8
# Images in memory of so many bytes, each and together, are not copied into their splits.
LARGE_IMAGE, LARGE_SET = 2**15, 2**28


def is_mapped(values: Any) -> bool:
    """Whether rows are read from elsewhere on request.

    This holds for memory maps of NumPy and for arrays of h5py, zarr or dask, which are recognised
    by their interface: a shape, a NumPy dtype, and rows by an index. Arrays in memory
    also offer protocols for other libraries, or convert to NumPy without reading; these do not.
    """
    if isinstance(values, MappedRows):
        return True
    if isinstance(values, np.ndarray):
        return getattr(values, "_mmap", None) is not None  # a copy of a memory map has none
    if not isinstance(getattr(values, "dtype", None), np.dtype):
        return False
    is_array = all(hasattr(values, name) for name in ("__getitem__", "shape"))
    in_memory = any(hasattr(values, name) for name in IN_MEMORY)
    return is_array and not in_memory and len(values.shape) > 1


class MappedRows(NDArrayOperatorsMixin):
    """An array (N, ...) of which only the requested rows are in memory.

    An index returns further mapped rows, and `np.asarray` the array, if memory should hold it; so
    does any NumPy function.

    Args:
        sources: arrays one after the other, alike except for their number of rows.
        change: function of stored rows, applied to each row independently of the others.
        places: (N,) positions among the rows of all sources, in any order; None: all.
    """

    def __init__(
        self,
        sources: Sequence[Any],
        change: Change | None = None,
        places: "np.ndarray | range | None" = None,
    ):
        forms = {(source.shape[1:], np.dtype(source.dtype)) for source in sources}
        if len(forms) > 1:
            raise ValueError(f"rows must be of one form, not {sorted(map(str, forms))}")
        # a memory map as a plain array: its own class makes each index slower
        self.sources = [np.asarray(s) if isinstance(s, np.ndarray) else s for s in sources]
        self.change = change
        self.ends = np.cumsum([source.shape[0] for source in self.sources])
        self.places = range(int(self.ends[-1])) if places is None else places
        like = np.zeros((1, *self.sources[0].shape[1:]), self.sources[0].dtype)
        like = like if change is None else change(like)
        self.shape, self.dtype = (len(self.places), *like.shape[1:]), like.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements in the array."""
        return int(np.prod(self.shape, dtype="int64"))

    @property
    def nbytes(self) -> int:
        """Bytes that the array would take."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Any:
        """Some of the rows; for a single row, or parts of rows, the array."""
        if isinstance(rows, tuple):
            if isinstance(rows[0], slice):
                part = self[rows[0]]
                found = [block[(slice(None), *rows[1:])] for block in blocks(part)]
                return np.concatenate(found) if found else np.asarray(part)[rows]
            return np.asarray(self)[rows]
        if isinstance(rows, int | np.integer):
            return np.asarray(self[[rows]])[0]
        if isinstance(rows, slice):
            return MappedRows(self.sources, self.change, self.places[rows])
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        rows = np.where(rows < 0, rows + len(self), rows) if (rows < 0).any() else rows
        places = self.places
        if not isinstance(places, range):
            places = places[rows]
        elif (places.start, places.step) == (0, 1):
            places = rows  # shared: a copy of millions of them would take as many bytes again
        else:
            places = rows.astype(int) * places.step + places.start
        return MappedRows(self.sources, self.change, places)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        check_memory(
            self.nbytes,
            f"{len(self):,} rows of data on disk, requested at once,",
            "Request fewer; to shorten a split, hold out less: `validation=0.01, test=0.01`.",
        )
        x = self._read()
        return x if dtype is None else x.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **how: Any) -> Any:
        """As for the array."""
        arrays = (np.asarray(i) if isinstance(i, MappedRows) else i for i in inputs)
        return getattr(ufunc, method)(*arrays, **how)

    def then(self, change: Change) -> "MappedRows":
        """The rows with a function applied to each of them when they are read."""
        before = self.change
        both = change if before is None else lambda rows: change(before(rows))
        return MappedRows(self.sources, both, self.places)

    def reshape(self, *shape: Any) -> Any:
        """Rows of another shape, mapped; an array if the number of rows changes."""
        shape = shape[0] if isinstance(shape[0], tuple) else shape
        if shape[0] != len(self):
            return np.asarray(self).reshape(shape)
        event = np.empty(self.shape[1:]).reshape(shape[1:]).shape
        return self.then(lambda rows: rows.reshape(len(rows), *event))

    def astype(self, dtype: Any, copy: bool = True) -> "MappedRows":
        """Rows of another dtype, mapped."""
        return self.then(lambda rows: rows.astype(dtype, copy=copy))

    def min(self, axis: tuple[int, ...] | None = None) -> Any:
        """The smallest number, or that of each row."""
        if axis is None:
            return self._extremes[0]
        return np.concatenate([block.min(axis=axis) for block in blocks(self)])

    def max(self, axis: tuple[int, ...] | None = None) -> Any:
        """The largest number, or that of each row."""
        if axis is None:
            return self._extremes[1]
        return np.concatenate([block.max(axis=axis) for block in blocks(self)])

    def mean(self, axis: int, dtype: Any) -> np.ndarray:
        """(...) mean of the rows, added one by one as in NumPy, to the same bits."""
        if self.dtype.kind in "biu":  # sums of integers do not depend on the order
            sums = (block.sum(axis=axis, dtype="int64") for block in blocks(self))
            return sum(sums, np.zeros(self.shape[1:], dtype)) / len(self)
        total = np.zeros((1, *self.shape[1:]), dtype)
        for block in blocks(self):
            total = np.concatenate([total, block]).sum(axis=axis, dtype=dtype, keepdims=True)
        return total[0] / len(self)

    @cached_property
    def _extremes(self) -> tuple[Any, Any]:
        """The smallest and the largest number, found in one pass."""
        ends = [(block.min(), block.max()) for block in blocks(self)]
        least, greatest = zip(*ends, strict=True)
        return np.min(least), np.max(greatest)

    def _read(self) -> np.ndarray:
        """The rows as an array."""
        if isinstance(self.places, range) and self.places.step == 1:
            return self._changed(self._in_a_row(self.places))
        places = np.asarray(self.places)
        if len(self.sources) == 1:
            return self._changed(_taken(self.sources[0], places))
        source_of = np.searchsorted(self.ends, places, side="right")
        stored = np.empty((len(places), *self.sources[0].shape[1:]), self.sources[0].dtype)
        for number in np.unique(source_of):
            mine = np.flatnonzero(source_of == number)
            first = self.ends[number] - self.sources[number].shape[0]
            stored[mine] = _taken(self.sources[number], places[mine] - first)
        return self._changed(stored)

    def _in_a_row(self, places: range) -> np.ndarray:
        """Consecutive rows as stored."""
        parts = []
        for source, end in zip(self.sources, self.ends.tolist(), strict=True):
            first = end - source.shape[0]
            part = slice(max(0, places.start - first), min(source.shape[0], places.stop - first))
            if part.start < part.stop:
                parts.append(np.asarray(source[part]))
        if not parts:
            return np.zeros((0, *self.sources[0].shape[1:]), self.sources[0].dtype)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _changed(self, rows: np.ndarray) -> np.ndarray:
        """Rows after the change."""
        return rows if self.change is None else self.change(rows)


def num_axes(values: Any) -> int:
    """Number of axes; nothing mapped is read."""
    return len(values.shape) if is_mapped(values) else np.ndim(values)


def as_mapped(x: Any) -> Any:
    """An array that `is_mapped`, as mapped rows."""
    return x if isinstance(x, MappedRows) else MappedRows([x])


def rows_of(x: Any, rows: np.ndarray) -> Any:
    """Some rows of any array; of many large images mapped rows, which are copied when read."""
    if x.ndim == 4 and x[:1].nbytes >= LARGE_IMAGE and x.nbytes >= LARGE_SET:
        x = as_mapped(x)
    return x[rows]


def by_rows(x: Any, change: Change) -> Any:
    """A function applied to each row: now, or for mapped rows when they are read."""
    return x.then(change) if isinstance(x, MappedRows) else change(x)


def blocks(x: Any) -> Iterator[np.ndarray]:
    """The rows of any array, block by block, in order."""
    # a column of a table is computed from whole rows
    read = [x, *(x.sources[:1] if isinstance(x, MappedRows) else ())]
    sizes = (int(np.prod(of.shape[1:], dtype="int64")) * of.dtype.itemsize for of in read)
    for part in slices(len(x), max(1, BLOCK_BYTES // max(1, *sizes))):
        yield np.asarray(x[part])


def concatenated_rows(parts: Sequence[Any]) -> Any:
    """Arrays one after the other; mapped if one of them is."""
    if any(isinstance(part, MappedRows) for part in parts):
        return MappedRows(parts)
    return np.concatenate(parts)


def class_shares(x: np.ndarray, num_classes: int) -> np.ndarray:
    """Share of each class at each pixel of label maps, (height, width, classes) float64."""
    counts: Any = 0
    for block in blocks(x):
        of_classes = [(block == code).sum(axis=0) for code in range(num_classes)]
        counts += np.concatenate(of_classes, axis=-1)
    return counts / len(x)


def _taken(source: Any, rows: np.ndarray) -> np.ndarray:
    """Some rows of an array that, like h5py, may only support slices and ascending rows."""
    if not rows.size:
        return np.zeros((0, *source.shape[1:]), source.dtype)
    if isinstance(source, np.ndarray):
        steps = np.diff(rows)
        if not (len(rows) > GAP and (steps == 1).all()):
            return source[rows]
        return source[rows[0] : rows[-1] + 1]
    rising, place = np.unique(rows, return_inverse=True)
    cuts = np.flatnonzero(np.diff(rising) > GAP) + 1
    if GAP * (len(cuts) + 1) > len(rising):  # far apart
        return np.asarray(source[rising])[place]
    pieces = [
        np.asarray(source[int(near[0]) : int(near[-1]) + 1])[near - near[0]]
        for near in np.split(rising, cuts)
    ]
    return np.concatenate(pieces)[place]
