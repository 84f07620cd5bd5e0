"""Columns in memory, read by their types like those of a typed file."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions.booleans import as_words
from condvae.data.columns import check_lengths
from condvae.data.dataset import Dataset
from condvae.data.raw_columns import RawColumn
from condvae.data.readers import table_dataset
from condvae.data.tables import understood
from condvae.data.typed_tables import DATE, MOMENT, numbers_column
from condvae.spec import DataSpec

TABLE = "the table"  # its name in error messages
NUMBER = (int, float, Decimal, np.integer, np.floating)


def columns_dataset(columns: Mapping[str, Any], spec: DataSpec) -> Dataset:
    """The data set of a table of (N,) columns by name; NaN, None and "" are missing cells.

    Raises:
        InputError: columns of different lengths, several values per row, or other types.
    """
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    for name, values in arrays.items():
        if values.ndim != 1:
            raise InputError(
                f"column {name!r} of a table must have one value per row",
                f"shape {values.shape}",
                "Call images x, or pass its parts as separate columns.",
            )
    check_lengths(arrays)
    raws = [_column(name, values) for name, values in arrays.items()]
    num_rows = max((len(values) for values in arrays.values()), default=0)
    return table_dataset(understood(raws, num_rows, spec, TABLE), "", spec)


def _column(name: str, values: np.ndarray) -> RawColumn:
    """One column by its dtype."""
    kind = values.dtype.kind
    if kind == "b":
        return column_of_words(name, as_words(values).tolist())
    if kind in "iuf":
        return numbers_column(name, values.astype("float64"))
    if kind == "M":
        missing, days = np.isnat(values), np.datetime_data(values.dtype)[0] in "YMWD"
        numbers = values.astype("M8[D]" if days else "M8[us]").astype("int64") / (
            1 if days else 1e6
        )
        return numbers_column(
            name, np.where(missing, np.nan, numbers), DATE if days else MOMENT, days
        )
    cells = [cell.decode() if isinstance(cell, bytes) else cell for cell in values.tolist()]
    return column_of_objects(name, cells, str(values.dtype))


def column_of_words(name: str, cells: Sequence[str | None]) -> RawColumn:
    """A column of words, without surrounding whitespace."""
    places: dict[str, int] = {}
    codes = [places.setdefault((cell or "").strip(), len(places)) for cell in cells]
    return RawColumn(name, None, np.array(codes, np.int32), list(places), typed=True)


def column_of_objects(name: str, cells: Sequence[Any], kind: str) -> RawColumn:
    """A column of Python objects, all of one kind or missing.

    Args:
        kind: their type in error messages.

    Raises:
        InputError: objects of several kinds, or of none that a cell can have.
    """
    cells = [None if cell is None or cell != cell else cell for cell in cells]
    seen = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, bool | np.bool_) for cell in seen):
        return column_of_words(name, as_words(np.array(cells, object)).tolist())
    if all(isinstance(cell, NUMBER) for cell in seen):
        return numbers_column(name, np.array([np.nan if c is None else float(c) for c in cells]))
    if all(isinstance(cell, str) for cell in seen):
        return column_of_words(name, cells)
    if all(isinstance(cell, date) and not isinstance(cell, datetime) for cell in seen):
        days = np.array(cells, "M8[D]")
        numbers = np.where(np.isnat(days), np.nan, days.astype("int64"))
        return numbers_column(name, numbers, DATE, True)
    kinds = sorted({type(cell).__name__ for cell in seen})
    raise InputError(
        f"columns of {TABLE} must hold numbers, text, booleans or dates",
        f"{kind} in {name!r}, cells of {', '.join(kinds[:5])}",
        "Leave it out, or write its contents as separate columns.",
    )
