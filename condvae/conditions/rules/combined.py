"""Rules for the cells of several columns together: unique, or fixed to known combinations."""

from collections.abc import Collection, Iterable
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from condvae.conditions.rules.rule import Cells, Columns, Keys, Rule, missing_in


class Combined(Rule):
    """A rule for the cells of several columns together.

    Attributes:
        columns: names of the columns.
        least: smallest number of columns.
    """

    least: ClassVar[int] = 1

    columns: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it names, without repetition."""
        return self.columns

    def check(self, cells: Cells, columns: Columns) -> None:
        """Accept any columns."""

    def _rows(self, cells: Cells) -> Iterable[tuple[float | str, ...]]:
        """The cells of each row."""
        return zip(*(cells[name].tolist() for name in self.columns), strict=True)

    def _whole(self, cells: Cells) -> Keys:
        """The distinct rows without empty cells."""
        whole = ~missing_in(cells, self.columns)
        return set(self._rows({name: cells[name][whole] for name in self.columns}))


class Unique(Combined):
    """No two rows have equal cells in these columns; rows with an empty cell always differ."""

    kind: Literal["unique"] = "unique"

    def holds_with(self, keys: Collection[str]) -> bool:
        """Whether it always holds because one of its columns contains keys."""
        return any(name in keys for name in self.columns)

    def keys(self, cells: Cells) -> Keys:
        """The rows that later rows must not repeat."""
        return self._whole(cells)

    def broken(self, cells: Cells, columns: Columns, seen: Collection = ()) -> np.ndarray:
        """(N,) bool: the rows that repeat an earlier one."""
        first = dict.fromkeys(seen, -1)
        repeats = [first.setdefault(key, row) != row for row, key in enumerate(self._rows(cells))]
        return np.asarray(repeats, bool) & ~missing_in(cells, self.columns)


class Fixed(Combined):
    """The cells have a combination of some training row, or one of them is empty.

    Attributes:
        combinations: combinations in the training rows.
    """

    least: ClassVar[int] = 2

    kind: Literal["fixed"] = "fixed"
    combinations: tuple[tuple[float | str, ...], ...] = ()

    def fitted(self, cells: Cells) -> Self:
        """The rule with the combinations of the training rows."""
        # the cells of a column are either all numbers or all words
        return self.model_copy(update={"combinations": tuple(sorted(self._whole(cells)))})

    def broken(self, cells: Cells, columns: Columns, seen: Collection = ()) -> np.ndarray:
        """(N,) bool: the rows with another combination."""
        known = set(self.combinations)
        unknown = [key not in known for key in self._rows(cells)]
        return np.asarray(unknown, bool) & ~missing_in(cells, self.columns)
