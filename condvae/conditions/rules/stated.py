"""All stated rules of a table."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from condvae.checks import InputError, check_choice
from condvae.conditions.formats import PLAIN, CellFormat
from condvae.conditions.rules.combined import Fixed, Unique
from condvae.conditions.rules.comparison import Comparison
from condvae.conditions.rules.grammar import parse
from condvae.conditions.rules.measured import Measured
from condvae.conditions.rules.rule import Cells, Equation, Keys, missing_in
from condvae.files.frozen import Frozen

AnyRule = Annotated[Comparison | Unique | Fixed, Field(discriminator="kind")]


class Rules(Frozen):
    """Rules, and facts about the columns that they name.

    Attributes:
        stated: the rules in the order in which they were stated.
        columns: the columns by name.
    """

    stated: tuple[AnyRule, ...] = ()
    columns: dict[str, Measured] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _know_their_columns(self) -> Self:
        if any(name not in self.columns for rule in self.stated for name in rule.names):
            raise ValueError("each column that a rule names must be measured")
        return self

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        cells: Cells,
        rows: np.ndarray,
        formats: Mapping[str, CellFormat],
        keys: Collection[str] = (),
        left_out: Collection[str] = (),
        numbers: np.ndarray | None = None,
    ) -> Self:
        """The rules in texts, checked against the rows of a table.

        Args:
            texts: rules in the form that `grammar.parse` reads.
            cells: {name: (N,) values}, NaN or "" where empty.
            rows: the training rows.
            formats: formats of numbers and dates, for columns that are not plain.
            keys: columns of keys without a model; rules that always hold because of them are
                ignored.
            left_out: other columns without a model.
            numbers: (N,) row numbers in error messages; None: positions.

        Raises:
            InputError: a text that is not a rule, an unknown column, kinds that do not fit, or rows
                that break a rule; the message shows the first of them.
        """
        parsed = [rule for rule in map(parse, texts) if not rule.holds_with(keys)]
        for rule in parsed:
            for name in rule.names:
                _check_name(name, rule.text, cells, {*keys, *left_out})
        if not parsed:
            return cls()
        names = {name for rule in parsed for name in rule.names}
        measured = {
            name: Measured.of(cells[name], rows, formats.get(name, PLAIN)) for name in sorted(names)
        }
        read = {name: measured[name].read(cells[name]) for name in measured}
        training = {name: values[rows] for name, values in read.items()}
        for rule in parsed:
            rule.check(read, measured)
        rules = cls(stated=tuple(rule.fitted(training) for rule in parsed), columns=measured)
        for rule, broken in zip(rules.stated, rules.broken(training).T, strict=True):
            if broken.any():
                row = int(broken.argmax())
                number = rows[row] if numbers is None else numbers[rows[row]]
                raise InputError(
                    f"each row must satisfy the rule {rule.text!r}",
                    f"{rules.shown(rule.names, training, row)} in row {number:,} (counted from "
                    f"0); {broken.sum():,} of {len(rows):,} training rows break it",
                    "Correct or remove these rows, or state another rule.",
                )
        return rules

    @cached_property
    def equations(self) -> list[Equation]:
        """The equalities of numbers among them."""
        return [found for rule in self.stated for found in rule.equations(self.columns)]

    def read(self, cells: Cells) -> dict[str, np.ndarray]:
        """The cells that rules name, as they will be written; missing columns are empty."""
        size = len(next(iter(cells.values())))
        empty = {name: "" if c.holds == "words" else np.nan for name, c in self.columns.items()}
        return {
            name: column.read(cells[name] if name in cells else np.full(size, empty[name]))
            for name, column in self.columns.items()
        }

    def keys(self, cells: Cells) -> list[Keys]:
        """The facts about these rows that each rule needs for comparing later rows with them."""
        read = self.read(cells)
        return [rule.keys(read) for rule in self.stated]

    def broken(self, cells: Cells, seen: Sequence[Keys] | None = None) -> np.ndarray:
        """(N, number of rules) bool: which rows break which rules.

        Args:
            cells: {name: (N,) values}, NaN or "" where empty; missing names are empty.
            seen: `keys` of earlier rows.
        """
        read, seen = self.read(cells), seen or [set()] * len(self.stated)
        broken = [
            rule.broken(read, self.columns, keys)
            for rule, keys in zip(self.stated, seen, strict=True)
        ]
        size = len(next(iter(cells.values())))
        return np.stack(broken, axis=1) if broken else np.zeros((size, 0), bool)

    def settle(
        self, cells: Cells, free: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Compute one of the cells in each equality from the others.

        Args:
            cells: {name: (N,) values}.
            free: {name: (N,) bool} for columns of numbers: the cells that may be computed.

        Returns:
            The columns that may have changed, and (N,) bool: the rows in which a computed cell is
            outside the range of its column in training, although another one could be computed
            instead.
        """
        read = self.read(cells)
        size = len(next(iter(cells.values())))
        used = {name: ~may for name, may in free.items()}
        chosen: list[tuple[Equation, str, np.ndarray]] = []
        outside = np.zeros(size, bool)
        for equation in self.equations:
            left = ~missing_in(read, equation.factors)
            for name in equation.factors:
                if name in used:
                    rows = left & ~used[name]
                    used[name], left = used[name] | rows, left & ~rows
                    chosen.append((equation, name, rows))
        for _ in self.equations:  # one may need the result of another
            for equation, name, rows in chosen:
                values = equation.solved(name, read, self.columns)
                read[name] = np.where(rows, values, read[name])
        for equation, name, rows in chosen:
            column = self.columns[name]
            beyond = (read[name] < column.low) | (read[name] > column.high)
            for other in equation.factors.keys() & free.keys() - {name}:
                outside |= rows & beyond & free[other]
        return {name: read[name] for name in {name for _, name, _ in chosen}}, outside

    def shown(self, names: Sequence[str], cells: Cells, row: int) -> str:
        """Cells of a row, for a message."""
        found = {name: cells[name][row] for name in names if name in cells}
        return ", ".join(f"{name} = {self.columns[name].shown(v)}" for name, v in found.items())

    def __bool__(self) -> bool:
        return bool(self.stated)


def _check_name(name: str, text: str, cells: Cells, left_out: Collection[str]) -> None:
    """Raise InputError if a rule names a column that generated rows do not have."""
    if name not in cells and name in left_out:
        raise InputError(
            f"the rule {text!r} must name columns that a model learns",
            f"{name!r}, which is left out",
            f"Omit the rule, or give the kind of the column, such as --kind {name}:class.",
        )
    check_choice(name, list(cells), f"a column in the rule {text!r}")
