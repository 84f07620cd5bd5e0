"""A table at a glance that memory cannot hold: its rows are read once, block by block."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from condvae.checks import BeyondMemoryError
from condvae.data.packed_column import PackedColumn
from condvae.data.raw_columns import RawColumn
from condvae.data.reading import ColumnReading
from condvae.data.table_parts import open_table
from condvae.data.table_sample import check_words, sample_table
from condvae.data.tables import SHEETS, TableFile, read_table, table_suffix
from condvae.spec import DataSpec

FEW_NUMBERS = 3  # distinct numbers that are told apart


def read_or_survey(path: Path, spec: DataSpec) -> tuple[TableFile, bool]:
    """A table in memory if it fits there, else a survey of it; and whether it is in memory.

    Sheets are always read into memory; `spec.mapped` surveys other tables even if they fit.
    """
    is_sheet = table_suffix(path) in SHEETS
    if is_sheet or not spec.mapped:
        try:
            return read_table(path, spec), True
        except BeyondMemoryError:
            if is_sheet:
                raise
    return survey_table(path, spec), False


def survey_table(path: Path, spec: DataSpec) -> TableFile:
    """How a table is read: from all rows what is missing, and the classes; the rest from a sample.

    Returns:
        The columns of the sample, with readings of all rows.

    Raises:
        InputError: as for `pack_table`, or more classes than memory should hold.
    """
    notes: list[str] = []
    rows = open_table([path], spec, notes)
    sample = sample_table(rows, str(path), spec, notes)
    seen = [_Seen(*pair) for pair in zip(sample.table.readings, sample.columns, strict=True)]
    words = frozenset(column.name for column in sample.columns if not column.of_numbers)
    for raws in rows.units(0, words):
        of = {raw.name: raw for raw in raws}
        for one in seen:
            one.add(of[one.column.name])
        check_words({one.column.name: one.values for one in seen}, str(path))
    kinds = f"{sample.num_rows:,} rows show kinds, spikes and examples; all rows are counted"
    readings = tuple(one.reading() for one in seen)
    return TableFile(sample.table.columns, readings, (*sample.table.notes, kinds))


class _Seen:
    """What the blocks of a column have held so far."""

    def __init__(self, reading: ColumnReading, column: PackedColumn):
        self.of_sample, self.column = reading, column
        self.rows = self.missing = self.unread = 0
        self.example, self.values = "", set()

    def add(self, raw: RawColumn) -> None:
        """Add the cells of a block."""
        cells = self.column.cells(raw)
        self.rows += len(cells.values)
        if cells.words is None:
            self.missing += len(cells.values) - cells.read
            self.unread += cells.unread
            self.example = self.example or cells.example
            fresh = np.unique(cells.values[~np.isnan(cells.values)])[:FEW_NUMBERS].tolist()
        else:
            absent = [place for place, word in enumerate(cells.words) if not word]
            self.missing += int(np.isin(cells.values, absent).sum())
            fresh = [word for word in cells.words if word] if self.column.stored else []
        if cells.words is not None or len(self.values) < FEW_NUMBERS:
            self.values.update(fresh)

    def reading(self) -> ColumnReading:
        """How the column is read, of all rows."""
        found, notes = self.of_sample, self.of_sample.notes
        if self.unread:
            what = f"{self.unread:,} cell(s) such as {self.example[:40]!r} are taken as missing"
            notes = (*notes, f"in all rows, {what}")
        kind = found.taken_for
        if kind == "constant" and len(self.values) + bool(self.missing and self.values) > 1:
            kind = "number" if self.column.of_numbers else "class"
        distinct = max(found.distinct, len(self.values))
        return replace(
            *(found,),
            taken_for=kind,
            rows=self.rows,
            missing=self.missing,
            distinct=distinct,
            notes=notes,
        )
