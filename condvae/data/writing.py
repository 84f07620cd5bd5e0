"""Write tables in blocks, each number in the format of its column; complete or not at all."""

import csv
import gzip
import io
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice
from condvae.conditions.formats import MOST_EXACT, PLAIN, CellFormat
from condvae.data.sheets import write_sheet
from condvae.data.tables import DELIMITERS, JSON_LINES, PACKED, SHEETS, Columns, table_suffix
from condvae.data.typed_tables import connect
from condvae.files.atomic import atomic_path

BLOCK_ROWS = 65_536
WRITTEN = (*DELIMITERS, *JSON_LINES, ".xlsx", ".parquet")
Block = Mapping[str, np.ndarray]


def write_table(
    path: Path | str,
    columns: Block | Iterable[Block],
    integers: Collection[str] = (),
    formats: Mapping[str, CellFormat] | None = None,
) -> None:
    """Write columns to a file, complete or not at all; missing values become empty cells.

    `read_table` restores them; for a CSV file, it must be told which text looks like numbers.

    Args:
        path: its suffix gives the format: .csv, .tsv, .jsonl, .xlsx or .parquet, with .gz or .zst
            after that of a text file. An existing file is replaced.
        columns: {name: (N,) numbers or str}; or several of these, consecutive blocks of rows, of
            which one is in memory at a time.
        integers: columns whose numbers are written as integers.
        formats: number formats: dates, currencies, decimals.

    Raises:
        InputError: another suffix, columns that are not a table, or a number in `integers` that
            is not whole.
    """
    path, formats = Path(path), formats or {}
    suffix = check_written(path)
    given: Any = [columns] if isinstance(columns, Mapping) else columns
    blocks: Iterator[Block] = iter(given)
    first: Block = next(blocks, {})
    _check_names(list(first), path)
    for name in integers:
        check_choice(name, first, "an integer column")

    def checked() -> Iterator[Columns]:
        for block in chain([first], blocks):
            table = check_columns(block, "the table")
            for name in integers:
                _check_whole(table[name], name)
            rows = len(next(iter(table.values())))
            for start in range(0, rows, BLOCK_ROWS):
                yield {name: v[start : start + BLOCK_ROWS] for name, v in table.items()}

    def of_text() -> Iterator[Columns]:
        for table in checked():
            for name, values in table.items():
                _check_text(name, values.tolist() if values.dtype.kind == "U" else [])
            yield table

    with atomic_path(path) as fresh:
        if suffix == ".parquet":
            _write_parquet(fresh, checked(), integers, formats)
        elif suffix in SHEETS:
            write_sheet(fresh, of_text(), formats)
        else:
            with _opened(fresh, path.suffix.lower()) as file:
                if suffix in DELIMITERS:
                    _write_delimited(file, DELIMITERS[suffix], checked(), formats)
                else:
                    _write_json_lines(file, checked(), formats)


def check_written(path: Path) -> str:
    """The suffix of a table format that can be written."""
    suffix = table_suffix(path)
    is_packed, packs_itself = path.suffix.lower() in PACKED, suffix in (".parquet", *SHEETS)
    if suffix not in WRITTEN or (is_packed and packs_itself):
        raise InputError(
            f"a table must be written as {', '.join(WRITTEN[:-1])} or {WRITTEN[-1]}",
            f"{path}",
            "Write .xlsx." if suffix in SHEETS else "Change its name.",
        )
    return suffix


def check_columns(columns: Mapping[str, np.ndarray], name: str) -> Columns:
    """Return the columns, numbers as float64, if they form a table.

    Raises:
        InputError: no column or no row, different lengths, values that are neither numbers nor
            text, or infinite values.
    """
    checked = {column: np.asarray(values) for column, values in columns.items()}
    lengths = {column: values.shape for column, values in checked.items()}
    if len(set(lengths.values())) != 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise InputError(
            f"{name} must have columns of one length, (N,) each",
            f"the shapes {str(lengths)[:200]}" if lengths else "no column",
            "Pass one value per row for each.",
        )
    if not next(iter(lengths.values()))[0]:
        raise InputError(f"{name} must have a row or more", "no row", "Add some rows.")
    for column, values in checked.items():
        if values.dtype.kind not in "iufU":
            raise InputError(
                f"column {column!r} of {name} must hold numbers or text",
                f"dtype {values.dtype}",
                "Convert it with astype(float) or astype(str).",
            )
        if values.dtype.kind != "U":
            values = checked[column] = values.astype(np.float64, copy=False)
        infinite = np.isinf(values) if values.dtype.kind == "f" else np.zeros(1, bool)
        if infinite.any():
            row = int(infinite.argmax())
            raise InputError(
                f"column {column!r} of {name} must hold finite numbers",
                f"{values[row]} in row {row} (counted from 0)",
                "Correct that cell, or leave it empty to mark it as missing.",
            )
    return checked


def _check_whole(values: np.ndarray, name: str) -> None:
    """Raise if a number is not whole, or too large to be exact."""
    if values.dtype.kind == "U":
        wrong = np.ones(len(values), bool)
    else:
        wrong = ~np.isnan(values) & ((values != np.rint(values)) | (abs(values) > MOST_EXACT))
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"the integer column {name!r} must hold whole numbers, at most 2^53",
            f"{str(values[row])[:80]!r} in row {row} (counted from 0)",
            "Round the column first, or remove it from the integers.",
        )


def _check_names(names: list[str], path: Path) -> None:
    """Raise for a column without a name."""
    for place, name in enumerate(names, 1):
        if not name.strip():
            raise InputError(
                f"each column of {path} must have a name", f"no name for column {place}", "Name it."
            )


def _cells(table: Columns, formats: Mapping[str, CellFormat]) -> Iterator[list[str]]:
    """The cells of each column as text that UTF-8 can encode."""
    for name, values in table.items():
        is_text = values.dtype.kind == "U"
        cells = values.tolist() if is_text else formats.get(name, PLAIN).cells(values)
        _check_text(name, cells)
        yield cells


def _check_text(name: str, cells: list[str]) -> None:
    """Raise for a name or a cell that UTF-8 cannot encode."""
    try:
        "".join([name, *cells]).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"column {name!a} and its cells must be text that UTF-8 can hold",
            ascii(error.object[error.start : error.end])[:80],
            "Correct that text.",
        ) from None


@contextmanager
def _opened(path: Path, suffix: str) -> Iterator[io.TextIOBase]:
    """A text file, compressed if its name says so, without a timestamp."""
    with open(path, "wb") as file:
        packed: Any = file
        if suffix == ".gz":
            packed = gzip.GzipFile("", "wb", fileobj=file, mtime=0)
        elif suffix == ".zst":
            if sys.version_info >= (3, 14):
                from compression import zstd
            else:
                from backports import zstd
            packed = zstd.open(file, "wb")
        text = io.TextIOWrapper(packed, "utf-8", newline="")
        yield text
        text.detach()  # which flushes it
        if packed is not file:
            packed.close()


def _write_delimited(
    file: Any, delimiter: str, blocks: Iterator[Columns], formats: Mapping[str, CellFormat]
) -> None:
    """Rows of cells, quoted where necessary."""
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    for number, table in enumerate(blocks):
        columns = list(_cells(table, formats))
        if not number:
            writer.writerow(table)
        writer.writerows(zip(*columns, strict=True))


def _write_json_lines(
    file: Any, blocks: Iterator[Columns], formats: Mapping[str, CellFormat]
) -> None:
    """One object per line: numbers as numbers, unless the column has a format; missing is null."""
    for table in blocks:
        columns = []
        for (name, values), cells in zip(table.items(), _cells(table, formats), strict=True):
            if formats.get(name, PLAIN).boolean:
                columns.append([cell == "true" if cell else None for cell in cells])
            elif values.dtype.kind == "U" or not formats.get(name, PLAIN).is_number:
                columns.append([cell or None for cell in cells])
            else:
                columns.append([_plain_number(cell) for cell in cells])
        for row in zip(*columns, strict=True):
            file.write(json.dumps(dict(zip(table, row, strict=True)), ensure_ascii=False) + "\n")


def _plain_number(cell: str) -> float | int | None:
    """A cell as a JSON value, an integer if it is whole."""
    return (int(cell) if cell.lstrip("-").isdigit() else float(cell)) if cell else None


def _write_parquet(
    path: Path,
    blocks: Iterator[Columns],
    integers: Collection[str],
    formats: Mapping[str, CellFormat],
) -> None:
    """Typed columns: integers, numbers, dates, text; each block waits in a temporary file."""
    database = connect()
    with closing(database), TemporaryDirectory(prefix=path.name, dir=path.parent) as folder:
        parts = []
        for number, table in enumerate(blocks):
            arrays, types = {}, []
            for place, (name, values) in enumerate(table.items()):
                _check_text(name, [])
                of = formats.get(name, PLAIN)
                key = f"c{place}"
                if values.dtype.kind == "U":
                    (cells,) = _cells({name: values}, {})
                    arrays[key] = np.array([cell or None for cell in cells], object)
                    types.append(f"CAST({key} AS {'BOOLEAN' if of.boolean else 'VARCHAR'})")
                else:
                    missing = np.isnan(values)
                    whole = name in integers or bool(of.date)
                    scale = 1 if of.days or not of.date else 1e6
                    held = np.where(missing, 0, values) * scale
                    held = np.rint(held).astype(np.int64) if whole else held
                    arrays[key] = np.ma.array(held, mask=missing)
                    types.append(_typed(key, of, whole))
                types[-1] += ' AS "' + name.replace('"', '""') + '"'
            database.register("block", arrays)
            parts.append(f"{folder}/{number}.parquet")
            _copy(database, f"SELECT {', '.join(types)} FROM block", parts[-1])  # noqa: S608
            database.unregister("block")
        database.execute("SET threads = 1")  # to keep the rows' order, several would hold ever more
        files = ", ".join(map(_quoted, parts))
        _copy(database, f"SELECT * FROM read_parquet([{files}])", str(path))  # noqa: S608


def _copy(database: Any, query: str, path: str) -> None:
    """Write the result of a query to a Parquet file."""
    options = "(FORMAT parquet, COMPRESSION zstd)"
    database.execute(f"COPY ({query}) TO {_quoted(path)} {options}").fetchall()


def _quoted(text: str) -> str:
    """A string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _typed(key: str, of: CellFormat, whole: bool) -> str:
    """A column of a block, cast to its type."""
    if of.date and of.days:
        return f"DATE '1970-01-01' + CAST({key} AS INTEGER)"
    if of.date:
        return f"make_timestamp({key})"
    return f"CAST({key} AS {'BIGINT' if whole else 'DOUBLE'})"
