"""Comparisons of sums of columns and numbers."""

import operator
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from pydantic import Field

from condvae.checks import InputError
from condvae.conditions.categorical import listed
from condvae.conditions.continuous import decimals_of
from condvae.conditions.rules.measured import Measured, days_of
from condvae.conditions.rules.rule import Cells, Columns, Equation, Rule, missing_in
from condvae.files.frozen import Frozen

OPERATORS: dict[str, Any] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}
ROUNDING = 1e-14  # relative error of a few sums in float64


class Side(Frozen):
    """A side of a comparison: a sum of columns and numbers, or a word or a date in quotes.

    Attributes:
        plus: columns that are added.
        minus: columns that are subtracted.
        numbers: numbers with their signs; in sums with dates they are days.
        word: the word in quotes; None for a sum.
    """

    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    word: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it names."""
        return (*self.plus, *self.minus)

    @property
    def lone(self) -> str | None:
        """The column, if the side consists of nothing else."""
        return self.plus[0] if len(self.plus) == 1 and not (self.minus or self.numbers) else None

    def dates(self, columns: Columns) -> int:
        """Number of dates added minus those subtracted: 0 for a number, 1 for a date."""
        signs = [(1, name) for name in self.plus] + [(-1, name) for name in self.minus]
        return sum(sign for sign, name in signs if columns[name].holds == "dates")

    def terms(self, cells: Cells, columns: Columns) -> tuple[np.ndarray | float, Any]:
        """The sum of its columns in numbers or days, and the magnitude of the summands."""
        if self.word is not None:
            total = days_of(self.word)
            return total, abs(total)
        total, size = sum(self.numbers), sum(map(abs, self.numbers))
        for sign, names in ((1, self.plus), (-1, self.minus)):
            for name in names:
                term = cells[name] * columns[name].scale
                total, size = total + sign * term, size + abs(term)
        return total, size


class Comparison(Rule):
    """Sides, each compared with the next one, as in 18 <= `age` <= 99.

    For numbers with decimals, two sides are equal if they differ by less than half a unit of the
    last decimal of a side that is a single column, or else of the finest column.
    """

    kind: Literal["comparison"] = "comparison"
    sides: tuple[Side, ...] = Field(min_length=2)
    operators: tuple[Literal["<", "<=", "==", "!=", ">=", ">"], ...] = Field(min_length=1)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it names, without repetition."""
        return tuple(dict.fromkeys(name for side in self.sides for name in side.names))

    @property
    def links(self) -> list[tuple[Side, str, Side]]:
        """Each operator with the sides that it compares."""
        pairs = zip(pairwise(self.sides), self.operators, strict=True)
        return [(left, by, right) for (left, right), by in pairs]

    def check(self, cells: Cells, columns: Columns) -> None:
        """Raise InputError if sides of different kinds are compared."""
        for left, by, right in self.links:
            kinds = {columns[name].holds for side in (left, right) for name in side.names}
            if "words" in kinds:
                self._check_words(left, right, by, cells, columns)
            elif not kinds:
                raise self._unfit("two sides without columns", "Omit that part.")
            else:
                self._check_numbers(left, right, columns)

    def _check_words(
        self, left: Side, right: Side, by: str, cells: Cells, columns: Columns
    ) -> None:
        """Raise InputError unless one side is a column of words, and the other one of its words."""
        names = [name for side in (left, right) for name in side.names]
        word = next(name for name in names if columns[name].holds == "words")
        others = [side for side in (left, right) if side.lone is None and side.word is None]
        if others or any(columns[name].holds != "words" for name in names):
            remedy = f"Compare {word!r} with a word in 'quotes', by == or !=."
            raise self._unfit(f"{word!r}, which holds words, with numbers", remedy)
        if by not in ("==", "!="):
            raise self._unfit(f"{word!r}, which holds words, by {by}", "Compare it by == or !=.")
        for side in (left, right):
            known = np.unique(cells[word])
            if side.word is not None and side.word not in known:
                which = listed([repr(str(w)) for w in known if w])
                raise self._unfit(f"{word!r} with {side.word!r}, which no row has", f"Use {which}.")

    def _check_numbers(self, left: Side, right: Side, columns: Columns) -> None:
        """Raise InputError if only one of the sides is a date."""
        dates = [1 if side.word is not None else side.dates(columns) for side in (left, right)]
        if dates in ([0, 0], [1, 1]):
            for side in (left, right):
                if side.word is not None:
                    days_of(side.word)
            return
        words = [side.word for side in (left, right) if side.word is not None]
        if words and 0 in dates:
            remedy = "Write numbers without quotes; --kind COLUMN:class turns numbers into words."
            raise self._unfit(f"numbers with {words[0]!r}", remedy)
        raise self._unfit(
            "dates with numbers, or sums of dates",
            "Compare dates with dates, '2020-01-31' or `start` + 30 (days), and differences of "
            "dates with numbers.",
        )

    def _unfit(self, received: str, remedy: str) -> InputError:
        """The error for sides that do not fit."""
        return InputError(
            f"the rule {self.text!r} must compare numbers with numbers, dates with dates and "
            "words with words",
            received,
            remedy,
        )

    def broken(self, cells: Cells, columns: Columns, seen: Collection = ()) -> np.ndarray:
        """(N,) bool: the rows that break it; a part of it with an empty cell is not broken."""
        broken = np.zeros(len(cells[self.names[0]]), bool)
        for left, by, right in self.links:
            names = (*left.names, *right.names)
            if any(columns[name].holds == "words" for name in names):
                kept = OPERATORS[by](*(_words(side, cells) for side in (left, right)))
            else:
                kept = _compared(left, right, by, cells, columns)
            broken |= ~kept & ~missing_in(cells, names)
        return broken

    def equations(self, columns: Columns) -> list[Equation]:
        """Its equalities of numbers, from which a cell is computed given the others."""
        found = []
        for left, by, right in self.links:
            names = [*left.names, *right.names]
            if by != "==" or any(columns[name].holds == "words" for name in names):
                continue
            number = 0.0
            lone = [side.lone for side in (right, left) if side.lone]
            finest = sorted(names, key=lambda name: columns[name].step)
            factors = dict.fromkeys([*lone, *finest], 0.0)
            for sign, side in ((1.0, left), (-1.0, right)):
                number += sign * (sum(side.numbers) if side.word is None else days_of(side.word))
                for name in side.plus:
                    factors[name] += sign
                for name in side.minus:
                    factors[name] -= sign
            factors = {name: factor for name, factor in factors.items() if factor}
            found.append(Equation(factors=factors, number=number))
        return found


def _words(side: Side, cells: Cells) -> Any:
    """The word, or the column of words."""
    return side.word if side.word is not None else cells[side.plus[0]]


def _compared(left: Side, right: Side, by: str, cells: Cells, columns: Columns) -> np.ndarray:
    """(N,) bool: the rows for which the comparison of two sums holds."""
    (one, size), (other, other_size) = (side.terms(cells, columns) for side in (left, right))
    difference = np.asarray(one - other)
    unit = unit_of(left, right, by, columns)
    near = abs(difference) <= unit / 2 * (1 + 1e-9) + ROUNDING * (size + other_size)
    return OPERATORS[by](np.where(near, 0.0, difference), 0.0)


def unit_of(left: Side, right: Side, by: str, columns: Mapping[str, Measured]) -> float:
    """The last significant decimal."""
    lone = [side.lone for side in (left, right) if side.lone]
    if by == "==" and len(lone) == 1 and left.names and right.names:
        return columns[lone[0]].step
    steps = [columns[name].step for side in (left, right) for name in side.names]
    numbers = np.asarray([*left.numbers, *right.numbers])
    decimals = decimals_of(numbers) if len(numbers) else 0
    if decimals is None or left.word is not None or right.word is not None:
        return 0.0
    return min(*steps, 10.0**-decimals)
