"""The states of a table's columns on one axis."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class States:
    """How the states of all columns lie on one axis, column after column.

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
        """(num_columns,) the place of each column's first state."""
        return np.cumsum([0, *self.sizes[:-1]])

    @cached_property
    def tables(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Columns of about one size together: which they are, and (num, most) places.

        A place beyond a column's states is the total: the place of a logit that is no state. Sizes
        are rounded up to powers of two, so that hundreds of columns are a few arrays, and few
        places are wasted.
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
        """(num_columns,) where each column is among those of `tables`, one table after another."""
        return np.argsort(np.concatenate([columns for columns, _ in self.tables]))

    def largest(self, scores: np.ndarray) -> np.ndarray:
        """(batch, num_columns) the state of each column that has the largest of (batch, total)."""
        lowest = np.full((len(scores), 1), -np.inf, scores.dtype)
        padded = np.concatenate([scores, lowest], axis=1)
        found = [np.take(padded, places, axis=1).argmax(axis=-1) for _, places in self.tables]
        return np.concatenate(found, axis=1)[:, self.order]
