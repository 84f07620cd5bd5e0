"""Parquet files and Excel sheets: tables whose cells have types.

DuckDB reads and writes Parquet: it takes 69 MB, pyarrow 170 and Polars 181, its memory can be
limited, and none of thousands of damaged files stopped it, while Polars panicked. It never loads
an extension.

openpyxl reads sheets row by row; calamine, much faster, treats a sheet as dense and aborts the
process when two cells are in far corners.
"""

import warnings
import zipfile
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError, check_memory, memory_bound
from condvae.data.raw_columns import NUM_EXAMPLES, RawColumn, Source
from condvae.data.text_tables import unique_names

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
NUMBERS = (*INTEGERS, *(f"U{kind}" for kind in INTEGERS), "FLOAT", "DOUBLE", "DECIMAL")
WORDS = ("VARCHAR", "ENUM", "UUID", "BOOLEAN", '"NULL"', "NULL")
CELL_BYTES = 24  # bytes of a cell in transit: the engine's, ours, and its mask
MOST_EMPTY = 10_000  # empty rows of a sheet between two others
ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
DATE, MOMENT = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"


def connect() -> Any:
    """A database in memory, within the memory bound, without access to anything outside."""
    import duckdb

    return duckdb.connect(
        config={
            "memory_limit": f"{max(memory_bound() // 10**6, 1)}MB",
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_external_file_cache": False,
        }
    )


def parquet_columns(
    paths: Sequence[Path], notes: list[str], without: Collection[str] = ()
) -> tuple[list[RawColumn], int]:
    """The typed columns of Parquet files, concatenated, and the number of rows.

    Args:
        paths: paths of the files.
        notes: findings are appended here.
        without: columns to skip.

    Raises:
        InputError: columns of other types, or more data than memory should hold.
    """
    database, files = connect(), [str(path) for path in paths]
    read = "read_parquet(?, hive_partitioning = false)"
    types = check_types(paths, without)
    num_rows = parquet_rows(files)
    check_memory(
        sum(path.stat().st_size for path in paths) + max(num_rows, 0) * len(types) * CELL_BYTES,
        f"the columns of {paths[0]}",
    )
    names = unique_names(list(types), notes)
    columns = []
    for (key, kind), name in zip(types.items(), names, strict=True):
        columns.append(_column(database, quoted(key), read, files, name, kind))
    if len({_length(column) for column in columns}) > 1:
        raise ValueError("columns of different lengths")
    return columns, _length(columns[0]) if columns else 0


def parquet_rows(files: Sequence[str]) -> int:
    """The number of rows that Parquet files announce."""
    counted = "SELECT num_rows FROM parquet_file_metadata(?)"
    with connect() as database:
        return sum(rows for (rows,) in database.execute(counted, [files]).fetchall())


def column_types(files: Sequence[str]) -> dict[str, str]:
    """The types of the columns of Parquet files by name, as DuckDB names them."""
    read = "read_parquet(?, hive_partitioning = false)"
    with connect() as database:
        described = database.execute(f"DESCRIBE SELECT * FROM {read}", [files]).fetchall()  # noqa: S608
    return {name: str(kind) for name, kind, *_ in described}


def check_types(paths: Sequence[Path], without: Collection[str] = ()) -> dict[str, str]:
    """The column types of the first of some Parquet files, with which all others must agree.

    Raises:
        InputError: types that are not those of cells, or a file with other columns or cell types.
    """
    first: dict[str, str] = {}
    for path in paths:
        types = {n: kind for n, kind in column_types([str(path)]).items() if n not in without}
        if wrong := {name: kind for name, kind in types.items() if not is_cell(kind)}:
            raise InputError(
                f"columns of {path} must hold numbers, text, booleans or dates",
                ", ".join(f"{kind[:60]} in {name!r}" for name, kind in list(wrong.items())[:20]),
                "Leave them out, or write their contents as separate columns.",
            )
        first = first or types
        check_same_columns(paths[0], first, path, types)
        for name, kind in types.items():
            if cells_of(kind) != cells_of(first[name]):
                raise InputError(
                    f"{path} must hold {cells_of(first[name])} in {name!r}, as {paths[0].name} "
                    f"({first[name]})",
                    kind,
                    "Write all parts with one type.",
                )
    return first


def check_same_columns(
    first: Path, names: Collection[str], part: Path, own: Collection[str]
) -> None:
    """Raise if a part of a table has other columns than the first part."""
    absent, more = [n for n in names if n not in own], [n for n in own if n not in names]
    if absent or more:
        told = [f"no {', '.join(map(repr, absent[:5]))}"] * bool(absent)
        told += [f"{', '.join(map(repr, more[:5]))} beside them"] * bool(more)
        raise InputError(
            f"{part} must have the columns of {first.name}",
            " and ".join(told),
            "Move it elsewhere, or write it again with the same columns.",
        )


def quoted(name: str) -> str:
    """A column's name in a query."""
    return '"' + name.replace('"', '""') + '"'


def is_cell(kind: str) -> bool:
    """Whether a type is that of a cell."""
    base = kind.partition("(")[0]
    scalar = base in (*NUMBERS, *WORDS, "DATE") or base.startswith("TIMESTAMP")
    return scalar and not kind.endswith("]")


def _length(column: RawColumn) -> int:
    """Number of rows."""
    return len(column.codes if column.numbers is None else column.numbers)


def _column(
    database: Any, quoted: str, read: str, files: Sequence[str], name: str, kind: str
) -> RawColumn:
    """One column: numbers, dates as numbers, or words."""
    query = f"SELECT {chosen(quoted, kind)} AS c FROM {read}"  # noqa: S608 - our own text
    if cells_of(kind) == "words":
        sizes = f"SELECT sum(length(c)), count(DISTINCT c), max(length(c)), count(*) FROM ({query})"  # noqa: S608
        _, different, longest, rows = database.execute(sizes, [files]).fetchone()
        check_memory(
            different * 100 + (different + rows) * 4 * (longest or 0) + rows * CELL_BYTES,
            f"column {name!r}, {rows:,} cells as wide as the longest,",
        )
    return column_of_type(name, database.execute(query, [files]).fetchnumpy()["c"], kind)


def cells_of(kind: str) -> str:
    """How cells of a type are read: "words", "numbers", or "days" or "seconds" since 1970."""
    base = kind.partition("(")[0]
    if base.startswith("TIMESTAMP"):
        return "seconds"
    return "days" if base == "DATE" else "words" if base in WORDS else "numbers"


def chosen(quoted: str, kind: str) -> str:
    """The query expression for a column: its words, its numbers, or dates as numbers."""
    return {
        "days": f"CAST(date_diff('day', DATE '1970-01-01', {quoted}) AS DOUBLE)",
        "seconds": f"epoch_us({quoted}) / 1e6",
        "words": f"CAST({quoted} AS VARCHAR)",
        "numbers": f"CAST({quoted} AS DOUBLE)",
    }[cells_of(kind)]


def column_of_type(name: str, values: np.ndarray, kind: str) -> RawColumn:
    """The column for the `chosen` expression, (N,)."""
    of = cells_of(kind)
    if of != "words":
        numbers = np.ma.filled(np.ma.asarray(values, np.float64), np.nan)
        if of == "seconds":
            fraction = bool((numbers[~np.isnan(numbers)] % 1).any())
            return numbers_column(name, numbers, MOMENT + ".%6f" * fraction)
        return numbers_column(name, numbers, DATE if of == "days" else "", of == "days")
    cells = np.ma.filled(np.ma.asarray(values, object), "").tolist()
    places: dict[str, int] = {}
    codes = [places.setdefault((cell or "").strip(), len(places)) for cell in cells]
    return RawColumn(name, None, np.array(codes, np.int32), list(places), typed=True)


def numbers_column(
    name: str, numbers: np.ndarray, written: str = "", days: bool = False
) -> RawColumn:
    """Numbers, with three examples."""
    from condvae.conditions.formats import CellFormat

    seen = list(dict.fromkeys(numbers[~np.isnan(numbers)][:1000].tolist()))[:NUM_EXAMPLES]
    words = CellFormat(date=written, days=days).cells(np.array(seen)) if seen else []
    return RawColumn(
        name, numbers, np.zeros(0, np.int32), words, typed=True, date=written, days=days
    )


def excel(path: Path, notes: list[str]) -> tuple[Source, list[str]]:
    """The rows of the first sheet of an Excel file, and its column names.

    Raises:
        InputError: no sheet, or more data than memory should hold.
    """
    from openpyxl import load_workbook

    _check_unpacked(path)

    def opened() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles, which are not read
            return closing(load_workbook(path, read_only=True, data_only=True))

    def sheet() -> Generator[list[str], None, None]:
        with opened() as book:
            first, num_empty = book.worksheets[0], 0
            first.reset_dimensions()  # the file may announce other dimensions than it has
            for row in first.iter_rows(values_only=True):
                cells = [_text(cell) for cell in row]
                while cells and not cells[-1]:
                    cells.pop()
                num_empty = 0 if cells else num_empty + 1
                if num_empty > MOST_EMPTY:
                    raise ValueError(f"more than {MOST_EMPTY:,} empty rows before another")
                if cells:
                    yield cells

    with opened() as book:
        titles = book.sheetnames
    if len(titles) > 1:
        notes.append(f"sheet {titles[0]!r}, the first of {len(titles)}")
    rows = sheet()
    names = unique_names(next(rows, [""]), notes)
    rows.close()
    return lambda: (names, _of_width(sheet(), len(names), path)), names


def _of_width(sheet: Iterator[list[str]], width: int, path: Path) -> Iterator[list[str]]:
    """The rows below the header, with its width."""
    next(sheet, None)
    for cells in sheet:
        if len(cells) > width:
            raise InputError(
                f"each row of {path} must have at most {width} cells, as the first has",
                f"{len(cells)}, the last of them {cells[-1][:80]!r}",
                "Name each column in the first row of the sheet, and leave notes out.",
            )
        yield cells + [""] * (width - len(cells))


def _check_unpacked(path: Path) -> None:
    """Refuse a file that would unpack to more than memory should hold; its header may lie."""
    total = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            with archive.open(member) as file:
                while block := file.read(2**20):
                    total += len(block)
                    check_memory(4 * total, f"{path}, unpacked,")


def _text(cell: Any) -> str:
    """A cell as text of a CSV file; a value that could not be computed is missing."""
    if cell is None or cell in ERRORS:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        plain = (cell.hour, cell.minute, cell.second, cell.microsecond) == (0, 0, 0, 0)
        return cell.strftime(DATE if plain else MOMENT)
    return str(cell).strip()
