"""Write rows to an Excel sheet, one after the other."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions.formats import DAY, EPOCH, MOST_EXACT, PLAIN, CellFormat

MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 2**20, 2**14, 32_767  # of a sheet, and of its cells
# days from 1970: before 1900-03-01, Excel counts a day that never was, and years have four digits
LEAST_DAY, MOST_DAY = -25_508, 2_932_896


def write_sheet(
    path: Path,
    blocks: Iterable[Mapping[str, np.ndarray]],
    formats: Mapping[str, CellFormat],
) -> None:
    """Write rows: numbers and dates as such, text and numbers with another format as text.

    Args:
        path: written to as given.
        blocks: {name: (N,) float64 or str}, block by block; NaN and "" are empty cells.
        formats: formats of numbers, see `write_table`.

    Raises:
        InputError: more data than a sheet can hold.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet, rows = book.create_sheet("rows"), 0
    try:
        for table in blocks:
            if not rows:
                sheet.append([_text(sheet, name) for name in table])
            rows += len(next(iter(table.values())))
            if rows >= MOST_ROWS or len(table) > MOST_COLUMNS:
                raise InputError(
                    f"an Excel sheet must have fewer than {MOST_ROWS:,} rows, and at most "
                    f"{MOST_COLUMNS:,} columns",
                    f"{rows:,} rows or more of {len(table):,} columns",
                    "Write .csv or .parquet.",
                )
            columns = [_cells(sheet, v, formats.get(n, PLAIN)) for n, v in table.items()]
            for row in zip(*columns, strict=True):
                sheet.append(row)
    except BaseException:
        sheet.close()  # otherwise its file stays open
        raise
    book.save(path)


def _cells(sheet: Any, values: np.ndarray, of: CellFormat) -> list[Any]:
    """The cells of a column."""
    if values.dtype.kind == "U":
        return [_text(sheet, cell) for cell in values.tolist()]
    if of.date:
        return [None if value != value else _date(value, of) for value in values.tolist()]
    if not of.is_number:
        return [_text(sheet, cell) for cell in of.cells(values)]
    return [None if value != value else _plain(value) for value in values.tolist()]


def _plain(value: float) -> float | int:
    """A number, written as an integer if it is whole."""
    return int(value) if value % 1 == 0 and abs(value) <= MOST_EXACT else value


def _date(value: float, of: CellFormat) -> date | str:
    """A date, or its text if Excel cannot represent it."""
    seconds = value * (DAY if of.days else 1)
    if not LEAST_DAY * DAY <= seconds < MOST_DAY * DAY:
        return of.cell(value)
    moment: datetime = EPOCH.replace(tzinfo=None) + timedelta(microseconds=round(seconds * 1e6))
    return moment.date() if of.days else moment


def _text(sheet: Any, text: str) -> Any:
    """A text; never a formula."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils.exceptions import IllegalCharacterError

    if not text:
        return None
    try:
        cell = WriteOnlyCell(sheet, text)
    except IllegalCharacterError:
        cell = None
    if cell is None or len(text) > MOST_CHARACTERS:
        raise InputError(
            f"an Excel cell must have at most {MOST_CHARACTERS:,} printed characters",
            ascii(text[:80]),
            "Write .csv or .parquet.",
        )
    cell.data_type = "s"
    return cell
