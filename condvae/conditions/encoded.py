"""Encoded rows of a table that take a byte or two a cell until they are asked for."""

from typing import Any

import numpy as np


class EncodedRows:
    """Rows as the networks see them, (N, dim) float32, of which only some are ever in memory.

    An index gives other such rows, and `np.asarray` the array: nearly all of it is zeros, which
    for a million rows take gigabytes.

    Args:
        places: (N, num_columns) integers, where each column has its 1; below 0: nowhere.
        numbers: (N, num_numbers) float32, which come after the states.
        num_states: of all columns.
    """

    dtype = np.dtype("float32")
    ndim = 2

    def __init__(self, places: np.ndarray, numbers: np.ndarray, num_states: int):
        self.places, self.numbers, self.num_states = places, numbers, num_states

    @property
    def shape(self) -> tuple[int, int]:
        """(N, dim)."""
        return len(self.places), self.num_states + self.numbers.shape[1]

    @property
    def size(self) -> int:
        """Numbers in the array."""
        return self.shape[0] * self.shape[1]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: Any) -> Any:
        """Some of the rows; of one row, or of some numbers of rows, the array."""
        if isinstance(rows, tuple):
            return np.asarray(self[rows[0]])[(slice(None), *rows[1:])]
        if isinstance(rows, int | np.integer):
            return np.asarray(self[rows : rows + 1])[0]
        return EncodedRows(self.places[rows], self.numbers[rows], self.num_states)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        x = np.zeros(self.shape, "float32")
        rows, columns = np.nonzero(self.places >= 0)
        x[rows, self.places[rows, columns]] = 1
        x[:, self.num_states :] = self.numbers
        return x if dtype is None else x.astype(dtype, copy=False)

    def mean(self, axis: int, dtype: str) -> np.ndarray:
        """(dim,) as of the array."""
        seen = self.places[self.places >= 0]
        shares = np.bincount(seen, minlength=self.num_states) / len(self)
        return np.concatenate([shares, self.numbers.mean(axis=axis, dtype=dtype)]).astype(dtype)
