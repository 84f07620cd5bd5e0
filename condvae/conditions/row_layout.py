"""The layout of the cells of a table's rows among the numbers that the networks see."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from condvae.conditions.cells import HIDDEN
from condvae.conditions.class_column import ClassColumn
from condvae.conditions.grouped_column import GroupedColumn
from condvae.conditions.number_column import NumberColumn
from condvae.files.frozen import Frozen
from condvae.likelihoods.factors import UNIFORM

# a column, the slice of its states in x, and the index of its number
Place = tuple[Any, slice, int | None]
AnyColumn = Annotated[ClassColumn | GroupedColumn | NumberColumn, Field(discriminator="kind")]


def codes_of(states: np.ndarray) -> np.ndarray:
    """(batch,) indices of the 1 in each row of (batch, num_states), `HIDDEN` without one."""
    codes = states.argmax(axis=1)
    return np.where(states[np.arange(len(states)), codes] == 0, HIDDEN, codes)


class RowLayout(Frozen):
    """Columns laid out side by side: the one-hot states of all columns, and then their numbers.

    A cell is hidden where all its states are 0.

    Attributes:
        columns: the columns in order.
    """

    columns: Annotated[tuple[AnyColumn, ...], Field(min_length=1)]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that the networks see."""
        return tuple(column.name for column in self.columns)

    @property
    def dim(self) -> int:
        """Number of values that the networks see."""
        return self.num_states + sum(column.has_number for column in self.columns)

    @property
    def num_states(self) -> int:
        """Number of states of all columns."""
        return sum(column.num_states for column in self.columns)

    @property
    def kinds(self) -> tuple[tuple[int, int], ...]:
        """For each column its number of states, and the index of the one with a number.

        It is -1 without a number, and `UNIFORM` if the number is uniform beside any value.
        """

        def beside(column: AnyColumn) -> int:
            if column.has_number_state:
                return column.num_values
            return UNIFORM if column.has_place else -1

        return tuple((column.num_states, beside(column)) for column in self.columns)

    def hide(self, x: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """x with some cells hidden.

        Args:
            x: (batch, dim) encoded.
            hidden: (batch, number of columns) bool.
        """
        return self.merge(x, np.zeros_like(x), hidden)

    def drop(self, x: np.ndarray, rng: np.random.Generator, rate: float) -> np.ndarray:
        """x with a random share of the cells hidden in a share `rate` of the rows.

        Args:
            x: (batch, dim) encoded.
        """
        shape = (len(x), len(self.columns))
        chosen = rng.random((len(x), 1)) < rate
        return self.hide(x, chosen & (rng.random(shape) < rng.random((len(x), 1))))

    def hidden(self, x: np.ndarray) -> np.ndarray:
        """(batch, number of columns) bool: the cells of encoded x that are hidden."""
        return np.stack([~x[:, states].any(axis=1) for _, states, _ in self.places()], axis=1)

    def empty(self, x: np.ndarray) -> np.ndarray:
        """(batch, number of columns) bool: the cells of encoded x that are empty."""
        is_empty = [
            x[:, states.stop - 1] == 1 if column.may_miss else np.zeros(len(x), bool)
            for column, states, _ in self.places()
        ]
        return np.stack(is_empty, axis=1)

    @cached_property
    def empty_states(self) -> list[int]:
        """Indices in an encoded row of the states of empty cells."""
        return [states.stop - 1 for column, states, _ in self.places() if column.may_miss]

    def log_slope(self, x: np.ndarray) -> np.ndarray:
        """(batch,) what must be added to a log-density of encoded x to get one of the cells.

        For words that are grouped it is their log-probability given the group.

        The density of numbers depends on their scale: models with different scales are comparable
        only in the data's own units, such as dollars.
        """
        total = np.zeros(len(x))
        for column, states, number in self.places():
            if number is not None:
                total += column.log_slopes(codes_of(x[:, states]), x[:, number])
        return total

    def merge(self, x: np.ndarray, other: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """x with some cells, (batch, number of columns) bool, taken from other rows."""
        return np.where(np.take(cells, self._column_of, axis=1), other, x)

    @cached_property
    def _column_of(self) -> np.ndarray:
        """(dim,) index of the column to which each number of x belongs."""
        column_of = np.empty(self.dim, int)
        for index, (_, states, number) in enumerate(self.places()):
            column_of[states] = index
            if number is not None:
                column_of[number] = index
        return column_of

    def places(self) -> Iterator[Place]:
        """Each column, the slice of its states in x, and the index of its number."""
        state, number = 0, self.num_states
        for column in self.columns:
            states = slice(state, state + column.num_states)
            yield column, states, number if column.has_number else None
            state += column.num_states
            number += column.has_number

    def _put(self, x: np.ndarray, rows: np.ndarray, place: Place, values: np.ndarray) -> None:
        """Write cells of a column into some rows of encoded x."""
        column, states, number = place
        codes = column.codes(values)
        known = codes != HIDDEN
        x[rows, states] = 0
        x[rows[known], states.start + codes[known]] = 1
        if number is not None:
            x[rows, number] = column.numbers(values)
