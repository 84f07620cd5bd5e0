"""The columns of x where a row of a table is one x."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

import numpy as np
from pydantic import Field

from condvae.checks import InputError, check_choice
from condvae.conditions.carried import Carried
from condvae.conditions.cells import HIDDEN, Column
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
from condvae.conditions.row_layout import AnyColumn, RowLayout
from condvae.conditions.rules import Rules
from condvae.conditions.schema import Schema


class Table(RowLayout):
    """The columns of x, and what is known of them beyond the numbers that the networks see.

    Attributes:
        dates: columns that are dates, the parts of which are among the columns.
        derived: columns that another one determines: they come from it, and the networks do not
            see them.
        agreeing: conditions that dates determine: rows in which these differ are drawn again.
        conditions: the columns that are conditions, in their order. In x they are hidden where y
            has them; where it has not, they are drawn like the others, so that rows are whole.
        never: pairs of states that go together in next to no training row, see `contradictions`:
            generated rows hold none.
        order: of all columns of the source, the conditions among them.
        formats: how numbers and dates among them are written, of those that are not plain.
        carried: columns that no model learns and that generated rows have all the same.
        rules: that a user has stated, and that generated rows keep.
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
        """The columns that the networks see; dates as one, behind the others."""
        parts = {name for date in self.dates for name in date.names}
        return (*(column for column in self.columns if column.name not in parts), *self.dates)

    @property
    def own(self) -> tuple[AnyColumn | DateColumn, ...]:
        """The same but for the conditions."""
        return tuple(column for column in self.described if column.name not in self.conditions)

    def counted(self, scaling: str) -> str:
        """How many columns there are of each kind, and how numbers were scaled."""
        dates = len(self.dates)
        numbers = sum(column.of_numbers for column in self.own) - dates
        how = {"quantile": "by their quantiles", "standard": "standardised"}[scaling]
        return (
            f"a table: {numbers} column(s) of numbers, taken {how},"
            + (f" {dates} of dates," if dates else "")
            + f" and {len(self.own) - numbers - dates} of classes"
        )

    @property
    def all_names(self) -> tuple[str, ...]:
        """Of the columns, those that others determine among them."""
        return (
            *(column.name for column in self.described),
            *(derived.name for derived in self.derived),
        )

    @property
    def integers(self) -> tuple[str, ...]:
        """The columns that hold whole numbers."""
        return tuple(c.name for c in (*self.described, *self.derived) if c.integer)

    @property
    def computable(self) -> tuple[str, ...]:
        """The columns of numbers that may have other values than the networks draw."""
        sources = {derived.source for derived in self.derived}
        return tuple(c.name for c in self.columns if c.of_numbers and c.name not in sources)

    @property
    def of_file(self) -> dict[str, Any]:
        """What the file tells, whichever rows are those to train on."""
        return {"order": self.order, "formats": self.formats, "carried": self.carried}

    def stating(
        self,
        texts: Sequence[str],
        cells: Mapping[str, Any],
        rows: np.ndarray,
        numbers: np.ndarray | None = None,
    ) -> Self:
        """The table with rules, which the training rows keep.

        Args:
            texts: the rules.
            cells: {name: (N,) values} of all columns, the conditions among them.
            rows: those of the training.
            numbers: (N,) what errors call the rows; None: their places.

        Raises:
            InputError: as `Rules.of`.
        """
        constants = {column.name for column in self.carried if column.how == "constant"}
        # columns without a model either name rows, or generated rows have none
        keys = {*self.order} - {*cells} - constants
        rules = Rules.of(texts, cells, rows, self.formats, keys, constants, numbers)
        return self.model_copy(update={"rules": rules})

    def without_keys(self) -> Self:
        """The table without the keys of rows, for others."""
        carried = tuple(column.without_key() for column in self.carried)
        return self.model_copy(update={"carried": carried})

    def encode(self, x: Mapping[str, Any]) -> np.ndarray:
        """(batch, dim) float32 of {name: (batch,) values}; columns beyond these are passed over.

        A cell that is empty in a column that never was is hidden: all its states are 0. So are
        those of a condition that is absent.

        Raises:
            InputError: a column is absent, or a value unfit.
        """
        return np.asarray(self.encode_rows(x))

    def encode_rows(self, x: Mapping[str, Any]) -> EncodedRows:
        """As `encode`, in the memory of the cells."""
        x = self._parted(x)
        cells = {
            column.name: self._cells(x, column)
            for column in self.columns
            if column.name in x or column.name not in self.conditions
        }
        if len({len(values) for values in cells.values()}) > 1:
            sizes = [f"{len(values):,} of {name!r}" for name, values in cells.items()]
            raise InputError(
                "all columns of x must be equally long", ", ".join(sizes[:12]), "Even them out."
            )
        num_rows = len(next(iter(cells.values())))
        places = np.full(
            (num_rows, len(self.columns)), HIDDEN, np.min_scalar_type(-self.num_states)
        )
        numbers = np.zeros((num_rows, self.dim - self.num_states), "float32")
        for index, (column, states, number) in enumerate(self._places()):
            if (values := cells.get(column.name)) is not None:
                codes = column.codes(values)
                places[:, index] = np.where(codes == HIDDEN, HIDDEN, codes + states.start)
                if number is not None:
                    numbers[:, number - self.num_states] = column.numbers(values)
        return EncodedRows(places, numbers, self.num_states)

    def decode(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """{name: (batch,) values} of (batch, dim), the inverse of `encode`, derived ones too."""
        found = self._decoded(x)
        found |= {derived.name: derived.of(found[derived.source]) for derived in self.derived}
        return {name: found[name] for name in (self.order or found) if name in found}

    def without_conditions(self, x: Any) -> Any:
        """Rows whose cells that y has are hidden, `EncodedRows` or an array."""
        if not isinstance(x, EncodedRows):
            return self.hide_conditions(x)
        places, numbers = x.places.copy(), x.numbers.copy()
        for index, (column, _, number) in enumerate(self._places()):
            if column.name in self.conditions:
                places[:, index] = HIDDEN
                if number is not None:
                    numbers[:, number - self.num_states] = 0
        return EncodedRows(places, numbers, self.num_states)

    def hide_conditions(self, x: np.ndarray, kept: np.ndarray | None = None) -> np.ndarray:
        """x without the cells that y has.

        Args:
            x: (batch, dim) encoded.
            kept: (batch, number of conditions) bool: which of them; None: all.
        """
        if not self.conditions:
            return x
        hidden = np.zeros((len(x), len(self.columns)), bool)
        hidden[:, [self.names.index(name) for name in self.conditions]] = (
            True if kept is None else kept
        )
        return self.hide(x, hidden)

    def with_given(self, x: np.ndarray, y: np.ndarray, several: Schema) -> np.ndarray:
        """x with the cells that y has.

        Args:
            x: (batch, dim) encoded.
            y: the conditions, encoded by `several`.
        """
        x, given, values = x.copy(), several.is_given(y), several.decode(y)
        for place in self._places():
            if (name := place[0].name) in self.conditions:
                (rows,) = np.nonzero(given[name])
                kind = "float64" if place[0].of_numbers else str
                if len(rows):
                    self._put(x, rows, place, values[name][rows].astype(kind))
        return x

    def rows(self, x: np.ndarray, y: np.ndarray, several: Schema) -> dict[str, np.ndarray]:
        """As `decode`, with the conditions that y has: {name: (batch,) values}.

        Args:
            x, y, several: as in `with_given`.
        """
        found = self.decode(self.with_given(x, y, several))
        given, values = several.is_given(y), several.decode(y)
        for name in several.names:
            if name in found:
                # as they were given, where x has no such number
                found[name][given[name]] = values[name][given[name]]
            elif given[name].any():
                found[name] = values[name]
        return {name: found[name] for name in (self.order or found) if name in found}

    def typed(self, rows: Mapping[str, np.ndarray]) -> Any:
        """Rows as users know them: {name: (batch,) cells}, booleans as such."""
        typed = {column.name: column.typed for column in (*self.columns, *self.derived)}
        return {n: typed[n](cells) if n in typed else cells for n, cells in rows.items()}

    def given(self, texts: Sequence[str]) -> dict[str, Any]:
        """{name: cell} of the command line's `--given name=value`.

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
                    "--given must tell each cell once",
                    f"{name} and {text!r}, which tells it, too",
                    "Leave one out.",
                )
            cells[name] = column.given(value)
            self._check_date(name, cells[name])
        return cells

    def rows_with(self, cells: Mapping[str, Any], num_rows: int) -> dict[str, np.ndarray]:
        """Rows in which these cells are known, and no others."""
        empty = {column.name: np.nan if column.of_numbers else "" for column in self.described}
        return {name: np.full(num_rows, cell) for name, cell in (empty | dict(cells)).items()}

    def centre(self, name: str, draws: Sequence[np.ndarray]) -> np.ndarray:
        """(batch,) one value for several draws of each cell of a column.

        Of numbers the mean, rounded as the column is; of dates the median, which is one of them; of
        words the most frequent.
        """
        cells = np.stack(draws)
        if any(date.name == name for date in self.dates):
            return np.sort(cells, axis=0)[len(cells) // 2]
        column = next((column for column in self.columns if column.name == name), None)
        if column is not None and column.of_numbers:
            return column.rounded(cells.mean(axis=0))
        words, codes = np.unique(cells, return_inverse=True)
        counts = np.zeros((cells.shape[1], len(words)), int)
        rows = np.broadcast_to(np.arange(cells.shape[1]), cells.shape)
        np.add.at(counts, (rows.ravel(), codes.ravel()), 1)
        return words[counts.argmax(axis=1)]

    def learn_contradictions(self, x: Mapping[str, Any]) -> Self:
        """The table that knows which pairs of states its training rows next to never hold."""
        step = -(-len(next(iter(x.values()))) // MOST_ROWS)
        encoded = self.encode({name: v[::step] for name, v in x.items()})[:, : self.num_states]
        never = find_contradictions(encoded, self._column_of[: self.num_states])
        return self.model_copy(update={"never": never})

    def contradicts(self, x: np.ndarray) -> np.ndarray:
        """(batch,) bool: the rows of encoded x that hold such a pair, or a date that is none.

        Nor is one that determines another column and has no value of it.
        """
        found = contradicts(x, self.never)
        if self.dates or any(derived.place for derived in self.derived):
            cells = self._decoded(x)
            for date in self.dates:
                found |= date.impossible(cells)
            for derived in self.derived:
                found |= derived.unknown(cells[derived.source])
        return found

    def differs(self, x: np.ndarray, known: Mapping[str, Any]) -> np.ndarray:
        """(batch,) bool: rows of encoded x that determine other cells than y has, or these.

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
        """{name: (batch,) values} of the columns, of dates and their parts."""
        found = {}
        for column, states, number in self._places():
            block = x[:, states]
            codes = np.where(block.any(axis=1), block.argmax(axis=1), HIDDEN)
            numbers = np.zeros(len(x)) if number is None else x[:, number]
            found[column.name] = column.cells(codes, numbers)
        return found | {date.name: date.join(found) for date in self.dates}

    def _check_date(self, name: str, cell: Any) -> None:
        """Raise if a column is one of dates, and the networks cannot be shown this one."""
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
        """The columns with the parts of dates among them."""
        names = [column.name for column in self.own]
        if absent := [name for name in names if name not in x]:
            raise InputError(
                f"x must have the columns {', '.join(names)}",
                f"{', '.join(map(str, x))}",
                f"Add {absent[0]!r}.",
            )
        parts = {}
        for date in self.dates:
            parts |= date.split(np.atleast_1d(plain(as_column(x[date.name]))))
        return {**x, **parts}

    def _cells(self, x: Mapping[str, Any], column: Column) -> np.ndarray:
        """The values of a column."""
        values = np.atleast_1d(as_column(x[column.name]))
        if column.of_numbers and values.dtype == object:
            with suppress(TypeError, ValueError):  # what is no number is refused by the column
                values = np.where(is_missing(values), np.nan, values).astype("float64")
        for derived in self.derived:
            if derived.source == column.name and derived.name in x and is_missing(values).any():
                cells = np.atleast_1d(as_column(x[derived.name]))
                values = derived.filled(values, cells)
                values = values.astype("float64") if column.of_numbers else values
        return values if is_missing(values).any() else plain(values)

    def __str__(self) -> str:
        return "; ".join(map(str, (*self.described, *self.derived)))
