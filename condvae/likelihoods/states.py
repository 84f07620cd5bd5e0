"""The layout of the states of a table's columns on one axis."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class States:
    """The layout of the states of all columns on one axis, column after column.

    Attributes:
        sizes: number of states of each column.
    """

    sizes: tuple[int, ...]

    @cached_property
    def total(self) -> int:
        """Number of states of all columns."""
        return sum(self.sizes)

    @cached_property
    def column_of(self) -> np.ndarray:
        """(total,) the column of each state."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @cached_property
    def firsts(self) -> np.ndarray:
        """(num_columns,) index of each column's first state."""
        return np.cumsum([0, *self.sizes[:-1]])

    @cached_property
    def tables(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Columns grouped by size: their indices, and the (num, most) indices of their states.

        Beyond a column's states the index is the total, that of a logit for a state that does not
        exist. Sizes are rounded up to powers of two, so that hundreds of columns are a few arrays
        with little padding.
        """
        groups = defaultdict(list)
        for column, size in enumerate(self.sizes):
            groups[max(1, (size - 1).bit_length())].append(column)
        tables = []
        for columns in groups.values():
            most = max(self.sizes[column] for column in columns)
            steps = np.arange(most)
            places = self.firsts[columns][:, None] + steps
            inside = steps < np.take(self.sizes, columns)[:, None]
            tables.append((np.asarray(columns), np.where(inside, places, self.total)))
        return tables

    @cached_property
    def order(self) -> np.ndarray:
        """(num_columns,) position of each column in `tables`, one table after another."""
        return np.argsort(np.concatenate([columns for columns, _ in self.tables]))

    def largest(self, scores: np.ndarray) -> np.ndarray:
        """(batch, num_columns) state with the largest score in each column, from (batch, total)."""
        firsts = zip(self.firsts.tolist(), self.sizes, strict=True)
        # column by column: several times as fast as padded arrays of columns, with any sizes
        chosen = [scores[:, first : first + size].argmax(axis=1) for first, size in firsts]
        return np.stack(chosen, axis=1)
