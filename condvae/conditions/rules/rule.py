"""The base of all rules."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Self

import numpy as np

from condvae.conditions.missing import is_missing
from condvae.conditions.rules.measured import Measured
from condvae.files.frozen import Frozen

# cells by name: (N,) float64, NaN where empty, or str, "" where empty
Cells = Mapping[str, np.ndarray]
Columns = Mapping[str, Measured]
Keys = set[tuple[float | str, ...]]


class Equation(Frozen):
    """A linear equation: columns times their factors plus a number are 0.

    Attributes:
        factors: factors by column, starting with the columns that are best computed from the
            others.
    """

    factors: dict[str, float]
    number: float

    def solved(self, name: str, cells: Cells, columns: Columns) -> np.ndarray:
        """The cells of a column computed from the others; NaN where one of these is empty."""
        total = np.full(len(cells[name]), self.number)
        for other, factor in self.factors.items():
            if other != name:
                total += factor * cells[other] * columns[other].scale
        return columns[name].rounded(-total / (self.factors[name] * columns[name].scale))


class Rule(Frozen):
    """A condition on each row, or on all rows together.

    Attributes:
        text: the rule as stated.
    """

    kind: str
    text: str

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The columns that it names, without repetition."""

    @abstractmethod
    def check(self, cells: Cells, columns: Columns) -> None:
        """Raise InputError if it does not fit the columns, given all of their cells."""

    def holds_with(self, keys: Collection[str]) -> bool:
        """Whether it always holds because these columns contain keys."""
        return False

    def fitted(self, cells: Cells) -> Self:
        """The rule with the facts that it needs from the training rows."""
        return self

    def equations(self, columns: Columns) -> list[Equation]:
        """Its equalities of numbers, from which a cell is computed given the others."""
        return []

    def keys(self, cells: Cells) -> Keys:
        """The facts about these rows that it needs for comparing later rows with them."""
        return set()

    @abstractmethod
    def broken(self, cells: Cells, columns: Columns, seen: Collection = ()) -> np.ndarray:
        """(N,) bool: the rows that break it.

        Args:
            seen: the keys of earlier rows.
        """


def missing_in(cells: Cells, names: Collection[str]) -> np.ndarray:
    """(N,) bool: the rows in which one of these cells is empty."""
    return np.any([is_missing(cells[name]) for name in names], axis=0)
