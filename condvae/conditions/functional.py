"""Columns that are functions of another column: found in the data, and preserved exactly."""

from collections import Counter
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions.booleans import are_boolean, as_booleans
from condvae.conditions.calendar import DAY, places
from condvae.conditions.cells import Column
from condvae.conditions.missing import is_missing
from condvae.files.frozen import Frozen
from condvae.metrics.tables.dependencies import find_dependencies


class Derived(Frozen):
    """A column that another one determines, such as the number of an education by its name.

    A column of dates may determine it by a position in calendar or clock, such as the month.

    Attributes:
        name: name of the column.
        source: name of the column that determines it.
        place: position of the source's dates, as in `calendar`; empty: the source's value itself.
        days: whether these dates are days rather than seconds.
        values: pairs of a source value, or position, as text, and the cell that it determines: a
            number, a word, or None for an empty cell.
        integer: whether the cells are integers.
    """

    name: str
    source: str
    place: str = ""
    days: bool = False
    values: tuple[tuple[str, float | str | None], ...]
    integer: bool = False

    def of(self, source: np.ndarray) -> np.ndarray:
        """(batch,) cells from those of the source.

        A number that is the position itself, such as the year, is computed for unseen positions
        too.
        """
        is_text = any(isinstance(value, str) for _, value in self.values)
        empty = "" if is_text else np.nan
        known = {key: empty if value is None else value for key, value in self.values}
        keys, inverse = np.unique(self._keys(source), return_inverse=True)
        # strings of one width, whichever rows are needed
        kind = str if is_text else "float64"
        cells = np.asarray([*known.values(), empty], dtype=kind)
        place = {key: number for number, key in enumerate(known)}
        found = cells[[place.get(key, -1) for key in keys.tolist()]]
        if self._is_place:
            unknown = [key not in place for key in keys.tolist()]
            found[unknown] = keys[unknown].astype("float64")
        return found[inverse]

    def typed(self, cells: np.ndarray) -> np.ndarray:
        """(batch,) cells in the user's types, with false and true as booleans."""
        words = sorted({cell for _, cell in self.values if isinstance(cell, str)})
        return as_booleans(cells) if are_boolean(words) else cells

    def unknown(self, source: np.ndarray) -> np.ndarray:
        """(batch,) bool: the source's cells, or positions, have no known value."""
        if self._is_place:
            return np.zeros(len(source), bool)
        return ~np.isin(self._keys(source), [key for key, _ in self.values])

    def may_be_unknown(self, column: Column | None) -> bool:
        """Whether a source drawn from this column, None for a date, may have no known value."""
        if self.place or column is None or column.has_place:
            return True
        states = np.arange(column.num_values)
        return bool(self.unknown(column.cells(states, np.zeros(len(states)))).any())

    def filled(self, source: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """(batch,) cells of the source, with empty ones inferred from those that they determine."""
        if self.place:
            return source
        told = Counter(cell for _, cell in self.values)
        back = {cell: key for key, cell in self.values if cell is not None and told[cell] == 1}
        source = source.astype(object)
        for row in np.nonzero(is_missing(source) & ~is_missing(cells))[0]:
            if (key := back.get(cells[row])) is not None:
                source[row] = key
        return source

    def given(self, text: str) -> tuple[float | str, str]:
        """The cell in `--given`, and the source's value, as text, if no other one determines it.

        Raises:
            InputError: no value of the source determines it.
        """
        try:
            wanted: tuple[float | str, ...] = text, float(text)
        except ValueError:
            wanted = (text,)
        found = [(cell, key) for key, cell in self.values if cell is not None and cell in wanted]
        if not found:
            raise InputError(
                f"{self.name} must be a value that comes with {self.source}",
                repr(text),
                f"Give {self.source}, which determines it.",
            )
        return found[0][0], found[0][1] if len(found) == 1 and not self.place else ""

    def _keys(self, source: np.ndarray) -> np.ndarray:
        """The source's values, or positions, that determine cells."""
        if not self.place:
            return _keys(source)
        return _keys(places(source * (DAY if self.days else 1))[self.place])

    @property
    def _is_place(self) -> bool:
        """Whether each cell equals the position."""
        return bool(self.place) and all(
            cell is None or (isinstance(cell, float) and float(key) == cell)
            for key, cell in self.values
        )

    def __str__(self) -> str:
        of_place = f"the {self.place} of " if self.place else ""
        return f"{self.name}: determined by {of_place}{self.source}"


def find_derived(
    columns: Mapping[str, np.ndarray],
    sources: Collection[str],
    conditions: Collection[str] = (),
    dates: Mapping[str, bool] = MappingProxyType({}),
) -> list[Derived]:
    """The columns that another one determines, such that none of them determines another one.

    Args:
        columns: (N,) numbers, NaN where empty, or strings, "" where empty, by name.
        sources: columns that may determine others: each of their values must be a state, so that no
            other value is generated.
        conditions: columns that are conditions. Conditions that dates determine come last.
        dates: columns of dates, which may determine others by their positions, and whether they are
            days rather than seconds.
    """
    pairs = {(found.column, found.function_of) for found in find_dependencies(columns)}
    by_place = {name: _by_place(columns, name, days) for name, days in dates.items()}

    def of_date(name: str, dated: str) -> Derived:
        place, keys = by_place[dated][name]
        of = {"source": dated, "place": place, "days": dates[dated]}
        return _derived(name, columns[name], keys, **of)

    distinct = {name: len(np.unique(values)) for name, values in columns.items()}
    kept: list[str] = []
    found: list[Derived] = []
    # the finest first, since they determine others; of two equivalent columns the first is kept
    for name in sorted(columns, key=lambda name: (name not in conditions, -distinct[name])):
        source = next((s for s in kept if s in sources and (s, name) in pairs), None)
        dated = next((s for s in kept if name in by_place.get(s, {})), None)
        if name in conditions:
            kept.append(name)
        elif source is not None:
            found.append(_derived(name, columns[name], _keys(columns[source]), source=source))
        elif dated is not None:
            found.append(of_date(name, dated))
        else:
            kept.append(name)
    determined = ((name, s) for s in kept for name in by_place.get(s, {}) if name in conditions)
    return found + [of_date(name, dated) for name, dated in dict(determined).items()]


def _by_place(
    columns: Mapping[str, np.ndarray], name: str, days: bool
) -> dict[str, tuple[str, np.ndarray]]:
    """The columns that a position of dates, the one with fewest values, determines; its keys.

    Among several such positions it is the last one, which is periodic.
    """
    others = {other: values for other, values in columns.items() if other != name}
    found = {}
    at = places(columns[name] * (DAY if days else 1))
    for place in sorted(at, key=lambda place: -len(np.unique(at[place]))):
        pairs = find_dependencies({**others, "": at[place]}, ("",))
        # a column that equals the position, as a day does for a moment, needs no repeated values
        same = [other for other, values in others.items() if _is_same(values, at[place])]
        for other in (*(pair.function_of for pair in pairs), *same):
            found[other] = place, _keys(at[place])
    return found


def _is_same(values: np.ndarray, place: np.ndarray) -> bool:
    """Whether numbers equal those of a position, and are not constant."""
    same = values.dtype.kind == "f" and np.array_equal(values, place, equal_nan=True)
    return same and len(np.unique(place)) > 2


def _derived(name: str, column: np.ndarray, keys: np.ndarray, **source: Any) -> Derived:
    """A column with the cell for each key of a source."""
    values, rows = np.unique(keys, return_index=True)
    missing = is_missing(column)
    cells = [None if missing[row] else column[row].item() for row in rows]
    numbers = [cell for cell in cells if not isinstance(cell, str | None)]
    whole = bool(numbers) and all(float(number).is_integer() for number in numbers)
    return Derived(
        name=name,
        **source,
        values=tuple(zip(values.tolist(), cells, strict=True)),
        integer=whole,
    )


def _keys(values: np.ndarray) -> np.ndarray:
    """Cells as strings: a number is written as 13.0, whatever its type."""
    return values if values.dtype.kind == "U" else values.astype("float64").astype(str)
