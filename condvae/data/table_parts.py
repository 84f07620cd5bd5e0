"""Tables in several files, and rows of tables block by block, however many there are."""

import glob
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from condvae.blocks import slices
from condvae.checks import InputError
from condvae.data.file_tree import is_shown
from condvae.data.parquet_images import PARQUET, parquet_parts
from condvae.data.raw_columns import RawColumn, block_columns, gather
from condvae.data.splits import splits_of_files
from condvae.data.tables import (
    SHEETS,
    check_table_file,
    table_refusal,
    table_suffix,
    text_source,
    without_index,
    words_and_missing,
)
from condvae.data.typed_tables import (
    check_types,
    chosen,
    column_of_type,
    connect,
    parquet_rows,
    quoted,
    unique_names,
)
from condvae.spec import DataSpec

UNIT_ROWS = 16_384  # rows that are read together
FETCHED_UNITS = 4  # units read at once from Parquet, whose row groups are larger


def table_parts(path: Path) -> dict[Path, str]:
    """The files of a table at a path, and the split of each; none if there is no table.

    Args:
        path: a file; a folder of nothing but tables of one format, or of Parquet files; or a
            pattern such as parts/*.csv.
    """
    if path.is_file():
        return {path: ""} if table_suffix(path) else {}
    if path.is_dir():
        found = list(parquet_parts(path)) or [f for f in path.iterdir() if is_shown(f.name)]
    else:
        found = [f for f in map(Path, glob.glob(str(path))) if is_shown(f.name)]
    suffixes = {table_suffix(file) if file.is_file() else "" for file in found}
    if len(suffixes) != 1 or "" in suffixes:
        return {}
    return splits_of_files(sorted(found), path)


def open_table(parts: Sequence[Path], spec: DataSpec, notes: list[str]) -> "TableRows":
    """The rows of a table in some files.

    Raises:
        InputError: a file of another format or with other columns, or a damaged one.
    """
    suffix, *_ = [check_table_file(part, whole=False) for part in parts]
    if suffix in SHEETS:
        raise InputError(
            "a table that is read some rows at a time must be a text or a Parquet file",
            str(parts[0]),
            "Save it as .csv or .parquet.",
        )
    with table_refusal(parts[0], suffix):
        if suffix == PARQUET:
            return ParquetRows(parts, spec, notes)
        return TextRows(parts, spec, notes)


class TableRows(ABC):
    """The rows of a table, block by block.

    Attributes:
        names: names of its columns.
        likely: the decimal sign if the cells are ambiguous.
    """

    names: list[str]
    likely = "."

    @abstractmethod
    def counts(self) -> list[int]:
        """The number of rows of each part."""

    @abstractmethod
    def units(self, first: int, words: frozenset[str]) -> Iterator[list[RawColumn]]:
        """Yield the columns of `UNIT_ROWS` rows at a time, the last fewer, from row `first` on.

        Args:
            words: columns to read as words, whatever their cells look like.
        """

    @abstractmethod
    def sample(self, rows: np.ndarray) -> list[RawColumn]:
        """The columns of some rows with ascending numbers, as if the table had no others."""


class TextRows(TableRows):
    """The rows of delimited text or of JSON lines."""

    def __init__(self, parts: Sequence[Path], spec: DataSpec, notes: list[str]):
        self.parts, self.spec, self.notes = parts, spec, notes
        self.source, self.names, self.likely = text_source(parts, spec, notes)
        self.words, self.missing = words_and_missing(self.names, spec)

    def counts(self) -> list[int]:
        """Number of rows of each part, which is read to its end."""
        sources = (text_source([part], self.spec, [])[0] for part in self.parts)
        return [sum(1 for _ in source()[1]) for source in sources]

    def units(self, first: int, words: frozenset[str]) -> Iterator[list[RawColumn]]:
        """The columns as their cells are: number by number, or word by word."""
        rows = islice(self.source()[1], first, None)
        while block := list(islice(rows, UNIT_ROWS)):
            yield block_columns(self.names, block, words, self.missing)

    def sample(self, rows: np.ndarray) -> list[RawColumn]:
        """Gathered in one pass, or in two if a column of numbers turns out to be words."""

        def picked() -> tuple[list[str], Iterator[list[str]]]:
            return self.names, _picked(iter(self.source()[1]), rows)

        raws, _ = gather(picked, self.words, self.missing, str(self.parts[0]))
        return without_index(raws, self.notes, rows)


class ParquetRows(TableRows):
    """The rows of Parquet files."""

    def __init__(self, parts: Sequence[Path], spec: DataSpec, notes: list[str]):
        self.parts = [str(part) for part in parts]
        self.types = check_types(parts)
        self.names = unique_names(list(self.types), notes)

    def counts(self) -> list[int]:
        """Number of rows of each part, as the files announce it."""
        return [parquet_rows([part]) for part in self.parts]

    def units(self, first: int, words: frozenset[str]) -> Iterator[list[RawColumn]]:
        """By type."""
        for _, values in self._fetched(first):
            for part in slices(len(values[0]), UNIT_ROWS):
                yield self._columns([column[part] for column in values])

    def sample(self, rows: np.ndarray) -> list[RawColumn]:
        """By type."""
        taken: list[list[np.ndarray]] = []
        for start, values in self._fetched(0):
            low, high = np.searchsorted(rows, [start, start + len(values[0])])
            taken.append([column[rows[low:high] - start] for column in values])
        joined = [np.ma.concatenate(pieces) for pieces in zip(*taken, strict=True)]
        return self._columns(joined) if len(rows) else []

    def _columns(self, values: Sequence[np.ndarray]) -> list[RawColumn]:
        """Columns of the fetched rows."""
        of = zip(self.names, values, self.types.values(), strict=True)
        return [column_of_type(name, column, kind) for name, column, kind in of]

    def _fetched(self, first: int) -> Iterator[tuple[int, list[np.ndarray]]]:
        """Yield the number of the first of some rows, and their columns, from row `first` on.

        Each time a whole number of units, except the last.
        """
        asked = ", ".join(
            f"{chosen(quoted(name), kind)} AS c{place}"
            for place, (name, kind) in enumerate(self.types.items())
        )
        query = (
            f"SELECT {asked} FROM read_parquet(?, hive_partitioning = false, "  # noqa: S608
            "file_row_number = true) WHERE file_row_number >= ? AND file_row_number < ? "
            "ORDER BY file_row_number"
        )
        counts = self.counts()
        starts = np.cumsum([0, *counts])
        with connect() as database:
            for part in slices(int(starts[-1]) - first, FETCHED_UNITS * UNIT_ROWS):
                low, high = first + part.start, first + part.stop
                pieces = []
                for file, start, count in zip(self.parts, starts, counts, strict=False):
                    begin, end = max(low - start, 0), min(high - start, count)
                    if begin < end:
                        found = database.execute(query, [file, int(begin), int(end)]).fetchnumpy()
                        pieces.append([np.ma.asarray(values) for values in found.values()])
                yield low, [np.ma.concatenate(columns) for columns in zip(*pieces, strict=True)]


def _picked(rows: Iterator[list[str]], wanted: np.ndarray) -> Iterator[list[str]]:
    """Some of the rows, by their numbers."""
    at = 0
    for number in wanted.tolist():
        yield next(islice(rows, number - at, None))
        at = number + 1
