"""A column of words."""

from typing import Any, Literal, Self

import numpy as np

from condvae.checks import InputError
from condvae.conditions.booleans import are_boolean, as_booleans
from condvae.conditions.categorical import listed
from condvae.conditions.cells import HIDDEN, Column
from condvae.conditions.missing import is_missing


class ClassColumn(Column):
    """Words, each of which is a state.

    Attributes:
        categories: the words, sorted.
    """

    kind: Literal["class"] = "class"
    categories: tuple[str, ...]

    @classmethod
    def fitted(cls, name: str, values: np.ndarray, rows: np.ndarray) -> Self:
        """The column with (N,) str values, "" where empty; rows are the training rows.

        Raises:
            InputError: all cells are equal, or all of several differ.
        """
        missing = is_missing(values)
        words = np.unique(values[~missing])
        if len(words) + missing.any() < 2 or not len(words):
            raise InputError(
                f"column {name!r} must vary",
                f"{words.tolist()[0]!r} in every row" if len(words) else "no value",
                f"Omit it with `ignore={name}`.",
            )
        if len(words) == len(values) > 2:
            raise InputError(
                f"column {name!r} must name classes",
                f"{len(values):,} rows with {len(words):,} different values, which identify rows",
                f"Omit it with `ignore={name}`.",
            )
        return cls(name=name, may_miss=bool(missing[rows].any()), categories=tuple(words.tolist()))

    @property
    def num_values(self) -> int:
        """Number of the words."""
        return len(self.categories)

    def given(self, text: str) -> str:
        """A word of the column."""
        self._codes(np.asarray([text]))
        return text

    def for_page(self) -> dict[str, Any]:
        """Its words, one of which is chosen."""
        shown = {"widget": "choice", "size": len(self.categories), "categories": self.categories}
        return {**super().for_page(), **shown}

    def cells(self, codes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """(batch,) words, "" where empty."""
        return np.asarray([*self.categories, ""])[np.where(codes == HIDDEN, self.num_values, codes)]

    def typed(self, cells: np.ndarray) -> np.ndarray:
        """Cells with False and True as booleans."""
        return as_booleans(cells) if are_boolean(self.categories) else cells

    def _codes(self, values: np.ndarray) -> np.ndarray:
        """Indices of words among the categories."""
        words = values.astype(str)
        if are_boolean(self.categories):  # as words or as Python's booleans
            lower, *_ = self.categories
            words = np.char.lower(words) if lower.islower() else np.char.capitalize(words)
        places = np.searchsorted(self.categories, words)
        places = np.minimum(places, len(self.categories) - 1)
        unknown = np.asarray(self.categories)[places] != words
        if unknown.any():
            raise InputError(
                f"column {self.name!r} must hold one of {listed(self.categories)}",
                repr(words[unknown.argmax()]),
                "Correct it, or leave the cell empty.",
            )
        return places

    def __str__(self) -> str:
        empty = ", or empty" if self.may_miss else ""
        return f"{self.name}: one of {listed(self.categories)}{empty}"
