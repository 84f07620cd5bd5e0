"""A column of a table of x: each cell is in one of several states, and may hold a number beside."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from condvae.conditions.missing import is_missing
from condvae.files.frozen import Frozen

HIDDEN = -1  # the code of a cell that is not known: none of the states


class Column(Frozen):
    """A column of x, as the likelihood of rows sees it.

    Attributes:
        name: what it is called.
        may_miss: whether cells were empty in the training rows: to be empty is then a state, the
            last one, which is generated as often. In a column that never was, an empty cell is
            hidden: the model is not told of it.
        of_numbers: whether the cells are numbers, else words.
    """

    of_numbers: ClassVar[bool] = False

    kind: str
    name: str
    may_miss: bool = False

    @property
    @abstractmethod
    def num_values(self) -> int:
        """Number of the states that are values of their own, which are the first."""

    @property
    def has_number_state(self) -> bool:
        """Whether one state, the one after the values, has a number beside it."""
        return False

    @property
    def num_states(self) -> int:
        """Number of states."""
        return self.num_values + self.has_number_state + self.may_miss

    @property
    def integer(self) -> bool:
        """Whether the cells hold whole numbers."""
        return False

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Numbers as the column writes them; words as they are."""
        return values

    def typed(self, cells: np.ndarray) -> np.ndarray:
        """(batch,) cells as users know them."""
        return cells

    def codes(self, values: np.ndarray) -> np.ndarray:
        """(batch,) int32 states of (batch,) cells, NaN or "" where empty.

        Raises:
            InputError: a cell that the column cannot hold.
        """
        missing = is_missing(values)
        codes = np.full(len(values), self.num_states - 1 if self.may_miss else HIDDEN, "int32")
        codes[~missing] = self._codes(values[~missing])
        return codes

    def numbers(self, values: np.ndarray) -> np.ndarray:
        """(batch,) float32 numbers that stand beside the states of cells; 0 where none does."""
        return np.zeros(len(values), "float32")

    def log_slopes(self, numbers: np.ndarray) -> np.ndarray:
        """(batch,) log of how steeply these numbers rise with the cells that they stand for."""
        return np.zeros(len(numbers))

    @abstractmethod
    def given(self, text: str) -> Any:
        """The cell in a `--given` of the command line.

        Raises:
            InputError: a text that is none.
        """

    @abstractmethod
    def cells(self, codes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """The inverse of `codes` and `numbers`: (batch,) cells."""

    @abstractmethod
    def _codes(self, values: np.ndarray) -> np.ndarray:
        """The states of cells that are not empty."""
