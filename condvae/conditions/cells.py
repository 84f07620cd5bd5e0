"""A column of a table of x: each cell has one of several states, and some states a number."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from condvae.conditions.missing import is_missing
from condvae.files.frozen import Frozen

HIDDEN = -1  # the code of an unknown cell: none of the states


class Column(Frozen):
    """A column of x, as the likelihood of rows sees it.

    Attributes:
        name: name of the column.
        may_miss: whether there were empty cells in the training rows: then empty is a state, the
            last one, which is generated with the same frequency. In other columns, an empty cell is
            hidden: the model does not see it.
        of_numbers: whether the cells are numbers rather than words.
    """

    of_numbers: ClassVar[bool] = False

    kind: str
    name: str
    may_miss: bool = False

    @property
    @abstractmethod
    def num_values(self) -> int:
        """Number of the states that are single values; they come first."""

    @property
    def has_number_state(self) -> bool:
        """Whether there is a state, after the values, that has a number beside it."""
        return False

    @property
    def has_place(self) -> bool:
        """Whether there is a number beside all values: a uniform one, see `GroupedColumn`."""
        return False

    @property
    def has_number(self) -> bool:
        """Whether there is a number beside any state."""
        return self.has_number_state or self.has_place

    @property
    def num_states(self) -> int:
        """Number of states."""
        return self.num_values + self.has_number_state + self.may_miss

    @property
    def integer(self) -> bool:
        """Whether the cells are integers."""
        return False

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Numbers rounded as in the column; words unchanged."""
        return values

    def centre(self, draws: np.ndarray) -> np.ndarray:
        """(batch,) a central value of (num_draws, batch) cells: the most frequent one."""
        return most_frequent(draws)

    def typed(self, cells: np.ndarray) -> np.ndarray:
        """(batch,) cells in the user's types."""
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
        """(batch,) float32 numbers beside the states of cells; 0 for states without a number."""
        return np.zeros(len(values), "float32")

    def log_slopes(self, codes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """(batch,) log derivative of these numbers with respect to their cells; 0 without one."""
        return np.zeros(len(numbers))

    def for_page(self) -> dict[str, Any]:
        """What the page knows of it: its states, and what sets it, a widget of widgets.js."""
        return {
            "name": self.name,
            "num_values": self.num_values,
            "has_number": self.has_number_state,
            "num_states": self.num_states,
        }

    @abstractmethod
    def given(self, text: str) -> Any:
        """The cell in a `--given` of the command line.

        Raises:
            InputError: the text is not a valid cell.
        """

    @abstractmethod
    def cells(self, codes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """The inverse of `codes` and `numbers`: (batch,) cells."""

    @abstractmethod
    def _codes(self, values: np.ndarray) -> np.ndarray:
        """The states of cells that are not empty."""


def most_frequent(draws: np.ndarray) -> np.ndarray:
    """(batch,) the most frequent value of (num_draws, batch) cells."""
    words, codes = np.unique(draws, return_inverse=True)
    counts = np.zeros((draws.shape[1], len(words)), int)
    rows = np.broadcast_to(np.arange(draws.shape[1]), draws.shape)
    np.add.at(counts, (rows.ravel(), codes.ravel()), 1)
    return words[counts.argmax(axis=1)]
