"""What is common to rules."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Self

import numpy as np

from condvae.conditions.missing import is_missing
from condvae.conditions.rules.measured import Measured
from condvae.files.frozen import Frozen

# by name: (N,) float64, NaN where empty, or str, "" where empty
Cells = Mapping[str, np.ndarray]
Columns = Mapping[str, Measured]
Keys = set[tuple[float | str, ...]]


class Equation(Frozen):
    """Columns times their factors and a number that make 0 together.

    Attributes:
        factors: by column, in the order in which they are best computed from the others.
    """

    factors: dict[str, float]
    number: float

    def solved(self, name: str, cells: Cells, columns: Columns) -> np.ndarray:
        """The cells of a column by the others; NaN where one of these is empty."""
        total = np.full(len(cells[name]), self.number)
        for other, factor in self.factors.items():
            if other != name:
                total += factor * cells[other] * columns[other].scale
        return columns[name].rounded(-total / (self.factors[name] * columns[name].scale))


class Rule(Frozen):
    """What each row must keep, or all rows together.

    Attributes:
        text: as it was stated.
    """

    kind: str
    text: str

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The columns that it names, each once."""

    @abstractmethod
    def check(self, cells: Cells, columns: Columns) -> None:
        """Raise InputError where it does not fit the columns, of which all cells are told."""

    def holds_with(self, keys: Collection[str]) -> bool:
        """Whether it holds in any rows, where these columns name them."""
        return False

    def fitted(self, cells: Cells) -> Self:
        """The rule that knows what it needs of the training rows."""
        return self

    def equations(self, columns: Columns) -> list[Equation]:
        """Its equalities of numbers, by which a cell is computed from the others."""
        return []

    def keys(self, cells: Cells) -> Keys:
        """What it must know of these rows to compare later ones with them."""
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
