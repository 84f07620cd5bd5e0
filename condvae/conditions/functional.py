"""Columns that are functions of another one: found in the data, and kept exactly."""

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np

from condvae.checks import InputError
from condvae.conditions.missing import is_missing
from condvae.files.frozen import Frozen
from condvae.metrics.tables.dependencies import find_dependencies


class Derived(Frozen):
    """A column that another one determines, such as the number of an education by its name.

    Attributes:
        name: what it is called.
        source: the column that determines it.
        values: of the source, as text, and the cell that each of them stands for: a number, a word,
            or None for an empty one.
        integer: whether they are whole numbers.
    """

    name: str
    source: str
    values: tuple[tuple[str, float | str | None], ...]
    integer: bool = False

    def of(self, source: np.ndarray) -> np.ndarray:
        """(batch,) cells of the source's."""
        is_text = any(isinstance(value, str) for _, value in self.values)
        empty = "" if is_text else np.nan
        known = {key: empty if value is None else value for key, value in self.values}
        keys, inverse = np.unique(_keys(source), return_inverse=True)
        # of one width, whichever rows are asked for
        cells = np.asarray([*known.values(), empty], dtype=str if is_text else "float64")
        place = {key: number for number, key in enumerate(known)}
        return cells[[place.get(key, -1) for key in keys.tolist()]][inverse]

    def filled(self, source: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """The source's (batch,) cells, the empty ones by what they determine, where that tells."""
        told = Counter(cell for _, cell in self.values)
        back = {cell: key for key, cell in self.values if cell is not None and told[cell] == 1}
        source = source.astype(object)
        for row in np.nonzero(is_missing(source) & ~is_missing(cells))[0]:
            if (key := back.get(cells[row])) is not None:
                source[row] = key
        return source

    def source_of(self, text: str) -> str:
        """The value of the source, as text, that a cell comes from.

        Raises:
            InputError: none, or several.
        """
        cells = {key: f"{cell:g}" if isinstance(cell, float) else cell for key, cell in self.values}
        found = [key for key, cell in cells.items() if cell == text]
        if len(found) != 1:
            raise InputError(
                f"{self.name} must be a value that one {self.source} alone has",
                repr(text),
                f"Give {self.source}, which determines it.",
            )
        return found[0]

    def __str__(self) -> str:
        return f"{self.name}: determined by {self.source}"


def find_derived(
    columns: Mapping[str, np.ndarray], sources: Collection[str], conditions: Collection[str] = ()
) -> list[Derived]:
    """The columns that another one determines, none of which determines a further one here.

    Args:
        columns: (N,) numbers, NaN where empty, or texts, "" where empty, by name.
        sources: those that may determine others: where each value is a state of its own, so that
            no other one is ever generated.
        conditions: those that are given, and never determined.
    """
    pairs = {(found.column, found.function_of) for found in find_dependencies(columns)}
    distinct = {name: len(np.unique(values)) for name, values in columns.items()}
    kept: list[str] = []
    found: list[Derived] = []
    # the finest first, since they determine; of two that determine each other the first stays
    for name in sorted(columns, key=lambda name: (name not in conditions, -distinct[name])):
        source = next((s for s in kept if s in sources and (s, name) in pairs), None)
        if source is None or name in conditions:
            kept.append(name)
        else:
            found.append(_derived(name, source, columns[name], columns[source]))
    return found


def _derived(name: str, source: str, column: np.ndarray, of: np.ndarray) -> Derived:
    """What each value of the source stands for."""
    values, rows = np.unique(_keys(of), return_index=True)
    missing = is_missing(column)
    cells = [None if missing[row] else column[row].item() for row in rows]
    numbers = [cell for cell in cells if not isinstance(cell, str | None)]
    whole = bool(numbers) and all(float(number).is_integer() for number in numbers)
    return Derived(
        name=name,
        source=source,
        values=tuple(zip(values.tolist(), cells, strict=True)),
        integer=whole,
    )


def _keys(values: np.ndarray) -> np.ndarray:
    """Cells as texts: a number is written as 13.0 whatever its type."""
    return values if values.dtype.kind == "U" else values.astype("float64").astype(str)
