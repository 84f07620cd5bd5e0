"""The columns of a table that may exceed memory, as interpreted from a sample of its rows."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass, replace

import numpy as np

from condvae.checks import check_memory
from condvae.conditions import named_kinds
from condvae.data.packed_column import PackedColumn, absent_words
from condvae.data.raw_columns import WORD_BYTES
from condvae.data.reading import ColumnReading, option_of, told_kinds
from condvae.data.splits import SAMPLE_STREAM
from condvae.data.table_parts import TableRows
from condvae.data.tables import TableFile, missing_of, understood
from condvae.spec import DataSpec


@dataclass(frozen=True)
class TableSample:
    """Some rows of a table.

    Attributes:
        table: the rows, and how each column was interpreted.
        columns: how all cells of each column are read.
        num_rows: number of rows of the sample.
        counts: number of rows of each part of the whole table.
    """

    table: TableFile
    columns: tuple[PackedColumn, ...]
    num_rows: int
    counts: tuple[int, ...]


def sample_table(rows: TableRows, source: str, spec: DataSpec, notes: list[str]) -> TableSample:
    """Interpret the columns of a table from `spec.sample_rows` of its rows, or from all if fewer.

    Args:
        source: name of the table in error messages.
        notes: how the file as a whole was interpreted.
    """
    counts = rows.counts()
    num_rows = sum(counts)
    drawn = np.arange(num_rows)
    if num_rows > spec.sample_rows:
        rng = np.random.default_rng([spec.split_seed, SAMPLE_STREAM])
        drawn = np.sort(rng.choice(num_rows, spec.sample_rows, replace=False))
    raws = rows.sample(drawn)
    found = understood(raws, len(drawn), spec, source, rows.likely, notes)
    found = found if len(drawn) == num_rows else _counting(found, drawn)
    names = list(found.columns)
    used, told = found.used({*named_kinds(spec.conditions, names)}), told_kinds(spec.kinds, names)
    columns = []
    for reading, raw in zip(found.readings, raws, strict=True):
        name, constant = reading.name, reading.taken_for == "constant"
        missing = missing_of(name, names, spec)
        columns.append(
            PackedColumn(
                name=name,
                of_numbers=found.columns[name].dtype.kind == "f",
                format=reading.format,
                absent=absent_words(told.get(name, ("",))[0], raw.typed, missing),
                # a column with a single value in the sample may have others elsewhere
                stored=name in used or constant,
                constant=constant and name not in used,
            )
        )
    return TableSample(found, tuple(columns), len(drawn), tuple(counts))


def check_words(known: Mapping[str, Sized], source: str) -> None:
    """Raise if the distinct words of all columns, by name, take too much memory."""
    total = sum(map(len, known.values())) * WORD_BYTES
    most = max(known, key=lambda name: len(known[name]), default="")
    check_memory(
        2 * total,
        f"the different words of {source}, most of which are in {most!r},",
        f"Leave the column out, {option_of('--ignore', most)} or "
        f"{option_of('--kind', most, 'text')}.",
    )


def _counting(found: TableFile, rows: np.ndarray) -> TableFile:
    """The table, with columns that count all of its rows as identifiers."""

    def seen(reading: ColumnReading) -> ColumnReading:
        values = found.columns[reading.name]
        counts = values.dtype.kind == "f" and np.unique(values - rows).tolist() in ([0.0], [1.0])
        if reading.taken_for != "number" or not counts:
            return reading
        return replace(reading, taken_for="identifier")

    return TableFile(found.columns, tuple(map(seen, found.readings)), found.notes)
