"""The columns of x for tables, where a row is one x."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Self

import numpy as np
from pydantic import Field

from condvae.checks import InputError, check_choice
from condvae.conditions.carried import Carried
from condvae.conditions.cells import HIDDEN, Column, most_frequent
from condvae.conditions.contradictions import (
    MOST_ROWS,
    Pairs,
    contradicts,
    find_contradictions,
)
from condvae.conditions.date_column import DateColumn
from condvae.conditions.encoded import EncodedRows
from condvae.conditions.formats import CellFormat
from condvae.conditions.functional import Derived
from condvae.conditions.missing import as_column, is_missing, plain
from condvae.conditions.row_layout import AnyColumn, RowLayout, codes_of
from condvae.conditions.rules import Rules
from condvae.conditions.schema import Schema


class Table(RowLayout):
    """The columns of x, and what is known of them beyond the numbers that the networks see.

    Attributes:
        dates: columns of dates, whose parts are among the columns.
        derived: columns that another column determines, from which they are computed; the networks
            do not see them.
        agreeing: conditions that dates determine: rows in which they differ are redrawn.
        conditions: columns that are conditions, in order. In x they are hidden if y has them;
            otherwise they are drawn like other columns, so that rows are complete.
        never: pairs of states that almost never occur together in training rows, see
            `contradictions`; generated rows do not contain them.
        order: names of all columns of the source, including the conditions.
        formats: formats of numbers and dates, for columns that are not plain.
        carried: columns that no model learns but generated rows contain.
        rules: rules stated by the user, which generated rows satisfy.
    """

    dates: tuple[DateColumn, ...] = ()
    derived: tuple[Derived, ...] = ()
    agreeing: tuple[Derived, ...] = ()
    conditions: tuple[str, ...] = ()
    never: Pairs = ()
    order: tuple[str, ...] = ()
    formats: dict[str, CellFormat] = Field(default_factory=dict)
    carried: tuple[Carried, ...] = ()
    rules: Rules = Rules()

    @property
    def described(self) -> tuple[AnyColumn | DateColumn, ...]:
        """The columns that the networks see, with each date as one column, at the end."""
        parts = {name for date in self.dates for name in date.names}
        return (*(column for column in self.columns if column.name not in parts), *self.dates)

    @property
    def own(self) -> tuple[AnyColumn | DateColumn, ...]:
        """The same without the conditions."""
        return tuple(column for column in self.described if column.name not in self.conditions)

    def counted(self, scaling: str) -> str:
        """How many columns of each kind there are, and how numbers are scaled."""
        dates = sum(column in self.dates for column in self.own)
        numbers = sum(column.of_numbers for column in self.own) - dates
        how = {"quantile": "by their quantiles", "standard": "standardised"}[scaling]
        return (
            f"a table: {numbers} column(s) of numbers, taken {how},"
            + (f" {dates} of dates," if dates else "")
            + f" and {len(self.own) - numbers - dates} of classes"
        )

    @cached_property
    def _conditions_of(self) -> dict[str, str]:
        """The conditions by the columns that they are for the networks, several for a date."""
        parts = {part: date.name for date in self.dates for part in date.names}
        of_columns = {name: parts.get(name, name) for name in self.names}
        return {name: one for name, one in of_columns.items() if one in self.conditions}

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names of the columns, including those that others determine."""
        return (
            *(column.name for column in self.described),
            *(derived.name for derived in self.derived),
        )

    @property
    def integers(self) -> tuple[str, ...]:
        """The columns that hold integers."""
        return tuple(c.name for c in (*self.described, *self.derived) if c.integer)

    @property
    def computable(self) -> tuple[str, ...]:
        """The columns of numbers that may take values other than those that the networks draw."""
        sources = {derived.source for derived in self.derived}
        return tuple(c.name for c in self.columns if c.of_numbers and c.name not in sources)

    @property
    def of_file(self) -> dict[str, Any]:
        """Facts about the file that do not depend on which rows are training rows."""
        return {"order": self.order, "formats": self.formats, "carried": self.carried}

    def stating(
        self,
        texts: Sequence[str],
        cells: Mapping[str, Any],
        rows: np.ndarray,
        numbers: np.ndarray | None = None,
    ) -> Self:
        """The table with rules, which the training rows must satisfy.

        Args:
            texts: the rules.
            cells: {name: (N,) values} of all columns, including the conditions.
            rows: the training rows.
            numbers: (N,) row numbers in error messages; None: positions.

        Raises:
            InputError: as in `Rules.of`.
        """
        constants = {column.name for column in self.carried if column.how == "constant"}
        # columns without a model either hold keys, or are missing in generated rows
        keys = {*self.order} - {*cells} - constants
        rules = Rules.of(texts, cells, rows, self.formats, keys, constants, numbers)
        return self.model_copy(update={"rules": rules})

    def without_keys(self) -> Self:
        """The table without the keys of rows, for sharing."""
        carried = tuple(column.without_key() for column in self.carried)
        return self.model_copy(update={"carried": carried})

    def encode(self, x: Mapping[str, Any]) -> np.ndarray:
        """(batch, dim) float32 from {name: (batch,) values}; additional columns are ignored.

        An empty cell in a column without empty cells in training is hidden: all its states are 0.
        So are the cells of a missing condition.

        Raises:
            InputError: a column is missing, or a value does not fit.
        """
        return np.asarray(self.encode_rows(x))

    def encode_rows(self, x: Mapping[str, Any]) -> EncodedRows:
        """As `encode`, in the memory of the cells."""
        x = self._parted(x)
        cells = {
            column.name: self._cells(x, column)
            for column in self.columns
            if column.name in x or column.name not in self._conditions_of
        }
        if len({len(values) for values in cells.values()}) > 1:
            sizes = [f"{len(values):,} of {name!r}" for name, values in cells.items()]
            raise InputError(
                "all columns of x must have the same length",
                ", ".join(sizes[:12]),
                "Pass columns of equal length.",
            )
        num_rows = len(next(iter(cells.values())))
        places = np.full(
            (num_rows, len(self.columns)), HIDDEN, np.min_scalar_type(-self.num_states)
        )
        numbers = np.zeros((num_rows, self.dim - self.num_states), "float32")
        for index, (column, states, number) in enumerate(self.places()):
            if (values := cells.get(column.name)) is not None:
                codes = column.codes(values)
                places[:, index] = np.where(codes == HIDDEN, HIDDEN, codes + states.start)
                if number is not None:
                    numbers[:, number - self.num_states] = column.numbers(values)
        return EncodedRows(places, numbers, self.num_states)

    def decode(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """{name: (batch,) values} from (batch, dim), with derived ones: the inverse of `encode`."""
        found = self._decoded(x)
        found |= {derived.name: derived.of(found[derived.source]) for derived in self.derived}
        return {name: found[name] for name in (self.order or found) if name in found}

    def without_conditions(self, x: Any) -> Any:
        """Rows, `EncodedRows` or an array, in which the cells that y has are hidden."""
        if not isinstance(x, EncodedRows):
            return self.hide_conditions(x)
        places, numbers = x.places.copy(), x.numbers.copy()
        for index, (column, _, number) in enumerate(self.places()):
            if column.name in self._conditions_of:
                places[:, index] = HIDDEN
                if number is not None:
                    numbers[:, number - self.num_states] = 0
        return EncodedRows(places, numbers, self.num_states)

    def hide_conditions(self, x: np.ndarray, kept: np.ndarray | None = None) -> np.ndarray:
        """x without the cells that y has.

        Args:
            x: (batch, dim) encoded.
            kept: (batch, number of conditions) bool: conditions to hide; None: all.
        """
        if not self.conditions:
            return x
        hidden = np.zeros((len(x), len(self.columns)), bool)
        for name, condition in self._conditions_of.items():
            of_rows = True if kept is None else kept[:, self.conditions.index(condition)]
            hidden[:, self.names.index(name)] = of_rows
        return self.hide(x, hidden)

    def with_given(self, x: np.ndarray, y: np.ndarray, several: Schema) -> np.ndarray:
        """x with the cells that y has.

        Args:
            x: (batch, dim) encoded; overwritten.
            y: the conditions, encoded by `several`.
        """
        given, values = several.is_given(y), several.decode(y)
        cells = values | self._split(values)
        for place in self.places():
            if condition := self._conditions_of.get(name := place[0].name):
                (rows,) = np.nonzero(given[condition])
                kind = "float64" if place[0].of_numbers else str
                if len(rows):
                    self._put(x, rows, place, cells[name][rows].astype(kind))
        return x

    def rows(self, x: np.ndarray, y: np.ndarray, several: Schema) -> dict[str, np.ndarray]:
        """As `decode`, with the conditions in y: {name: (batch,) values}.

        Args:
            x, y, several: as in `with_given`; x stays as it is.
        """
        found = self.decode(self.with_given(x.copy(), y, several))
        given, values = several.is_given(y), several.decode(y)
        for name in several.names:
            if name in found:
                # as given, if x has no such number
                found[name][given[name]] = values[name][given[name]]
            elif given[name].any():
                found[name] = values[name]
        return {name: found[name] for name in (self.order or found) if name in found}

    def typed(self, rows: Mapping[str, np.ndarray]) -> Any:
        """Rows in the user's types: {name: (batch,) cells}, with booleans."""
        typed = {column.name: column.typed for column in (*self.columns, *self.derived)}
        return {n: typed[n](cells) if n in typed else cells for n, cells in rows.items()}

    def given(self, texts: Sequence[str]) -> dict[str, Any]:
        """{name: cell} from `--given name=value` on the command line.

        Raises:
            InputError: no such column, or a value that it cannot hold.
        """
        cells: dict[str, Any] = {}
        for text in texts:
            name, _, value = text.partition("=")
            check_choice(name, self.all_names, "the column in --given")
            derived = next((d for d in self.derived if d.name == name), None)
            if derived is not None:
                cells[name], value = derived.given(value)
                if not value:
                    continue
                name = derived.source
            column = next(column for column in self.described if column.name == name)
            if name in cells:
                raise InputError(
                    "--given must determine each cell once",
                    f"{name} and {text!r}, which also determines it",
                    "Omit one of them.",
                )
            cells[name] = column.given(value)
            self._check_date(name, cells[name])
        return cells

    def rows_with(self, cells: Mapping[str, Any], num_rows: int) -> dict[str, np.ndarray]:
        """Rows in which only these cells are known."""
        empty = {column.name: np.nan if column.of_numbers else "" for column in self.described}
        return {name: np.full(num_rows, cell) for name, cell in (empty | dict(cells)).items()}

    def centre(self, name: str, draws: Sequence[np.ndarray]) -> np.ndarray:
        """(batch,) a central value of several draws of each cell of a column.

        For numbers it is the mean, rounded like the column, or the nearest value if these are few;
        for dates the median, which is one of them; for words the most frequent one.
        """
        cells = np.stack(draws)
        if any(date.name == name for date in self.dates):
            return np.sort(cells, axis=0)[len(cells) // 2]
        column = next((column for column in self.columns if column.name == name), None)
        return most_frequent(cells) if column is None else column.centre(cells)

    def learn_contradictions(self, x: Mapping[str, Any]) -> Self:
        """The table with the pairs of states that its training rows almost never contain."""
        step = -(-len(next(iter(x.values()))) // MOST_ROWS)
        encoded = self.encode({name: v[::step] for name, v in x.items()})[:, : self.num_states]
        never = find_contradictions(encoded, self._column_of[: self.num_states])
        return self.model_copy(update={"never": never})

    def contradicts(self, x: np.ndarray, known: Mapping[str, Any] | None = None) -> np.ndarray:
        """(batch,) bool: the rows of encoded x that contain such a pair, or an impossible date.

        A date or a word that should determine another column, but has no known value of it, since
        no training row has it, counts too.

        Args:
            known: {name: (batch,) cells} that are given, missing where they are drawn: a date that
                is given may be one that training rows do not have.
        """
        found, known = contradicts(x, self.never), known or {}
        if self.dates or self._undetermined:
            cells = self._decoded(x)
            drawn = {n: is_missing(known[n]) if n in known else True for n in cells}
            for date in self.dates:
                found |= date.impossible(cells) & drawn[date.name]
            for derived in self._undetermined:
                found |= derived.unknown(cells[derived.source]) & drawn[derived.source]
        return found

    @cached_property
    def _undetermined(self) -> tuple[Derived, ...]:
        """The derived columns that may have no known value for a cell of their source."""
        columns = {column.name: column for column in self.columns}
        return tuple(d for d in self.derived if d.may_be_unknown(columns.get(d.source)))

    def differs(self, x: np.ndarray, known: Mapping[str, Any]) -> np.ndarray:
        """(batch,) bool: rows of encoded x that determine cells other than those in y, or in known.

        Args:
            known: {name of a derived column: cell}.
        """
        differ = np.zeros(len(x), bool)
        if not (known or self.agreeing):
            return differ
        cells = self._decoded(x)
        for condition in self.agreeing:
            given, of_date = cells[condition.name], condition.of(cells[condition.source])
            differ |= (given != of_date) & ~(is_missing(given) & is_missing(of_date))
        for name, values in self.decode(x).items():
            differ |= values != known[name] if name in known else False
        return differ

    def _decoded(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """{name: (batch,) values} of the columns, with dates and their parts."""
        found = {}
        for column, states, number in self.places():
            codes = codes_of(x[:, states])
            numbers = np.zeros(len(x)) if number is None else x[:, number]
            found[column.name] = column.cells(codes, numbers)
        return found | {date.name: date.join(found) for date in self.dates}

    def _check_date(self, name: str, cell: Any) -> None:
        """Raise InputError for a date that the networks cannot represent."""
        for date in self.dates:
            if date.name == name:
                kept = self._decoded(self.encode(self.rows_with({name: cell}, 1)))[name][0]
                written = self.formats[name].cell
                if written(kept) != written(cell):
                    raise InputError(
                        f"{name} must be a date whose {', '.join(date.parts)} training rows have",
                        written(cell),
                        f"The nearest is {written(kept)}.",
                    )

    def _parted(self, x: Mapping[str, Any]) -> Mapping[str, Any]:
        """The columns, with the parts of dates."""
        names = [column.name for column in self.own]
        if absent := [name for name in names if name not in x]:
            raise InputError(
                f"x must have the columns {', '.join(names)}",
                f"{', '.join(map(str, x))}",
                f"Add {absent[0]!r}.",
            )
        return {**x, **self._split(x)}

    def _split(self, x: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The parts of those dates that are among the columns."""
        parts = {}
        for date in self.dates:
            if date.name in x:
                parts |= date.split(np.atleast_1d(plain(as_column(x[date.name]))))
        return parts

    def _cells(self, x: Mapping[str, Any], column: Column) -> np.ndarray:
        """The values of a column."""
        values = np.atleast_1d(as_column(x[column.name]))
        if column.of_numbers and values.dtype == object:
            with suppress(TypeError, ValueError):  # the column rejects what is not a number
                values = np.where(is_missing(values), np.nan, values).astype("float64")
        for derived in self.derived:
            if derived.source == column.name and derived.name in x and is_missing(values).any():
                cells = np.atleast_1d(as_column(x[derived.name]))
                values = derived.filled(values, cells)
                values = values.astype("float64") if column.of_numbers else values
        return values if is_missing(values).any() else plain(values)

    def __str__(self) -> str:
        return "; ".join(map(str, (*self.described, *self.derived)))
