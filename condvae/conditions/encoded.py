"""Encoded rows of a table, stored in a byte or two per cell until they are needed."""

from typing import Any

import numpy as np


class EncodedRows:
    """Rows as the networks see them, (N, dim) float32, only some of which are in memory.

    An index returns other rows of this kind, and `np.asarray` returns the array, which is mostly
    zeros and takes gigabytes for a million rows.

    Args:
        places: (N, num_columns) integers, the index of each column's 1; negative: none.
        numbers: (N, num_numbers) float32, which follow the states.
        num_states: number of states of all columns.
    """

    dtype = np.dtype("float32")
    ndim = 2

    def __init__(self, places: np.ndarray, numbers: np.ndarray, num_states: int):
        self.places, self.numbers, self.num_states = places, numbers, num_states

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the array, (N, dim)."""
        return len(self.places), self.num_states + self.numbers.shape[1]

    @property
    def size(self) -> int:
        """Number of values in the array."""
        return self.shape[0] * self.shape[1]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: Any) -> Any:
        """Some of the rows; for a single row, or for some of the columns, an array."""
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
        """(dim,) mean, as of the array."""
        seen = self.places[self.places >= 0]
        shares = np.bincount(seen, minlength=self.num_states) / len(self)
        return np.concatenate([shares, self.numbers.mean(axis=axis, dtype=dtype)]).astype(dtype)
