"""Tables as columns, of CSV and the like, Parquet, JSON lines and Excel files."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from condvae.checks import InputError, check_memory, reason_of
from condvae.conditions import text_columns
from condvae.data.raw_columns import RawColumn, Source, gather
from condvae.data.reading import ColumnReading, told_kinds, understand
from condvae.data.text_tables import delimited, json_lines
from condvae.data.typed_tables import check_same_columns, excel, parquet_columns
from condvae.spec import DataSpec

# by name, all of one length: numbers as float64, NaN for missing; text as str, "" for missing
Columns = dict[str, np.ndarray]

DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}
JSON_LINES = (".jsonl", ".ndjson")
SHEETS = (".xlsx", ".xlsm")
SUFFIXES = (*DELIMITERS, *JSON_LINES, *SHEETS, ".parquet")  # that are read
PACKED = (".gz", ".zst")
OTHERS = {
    ".xls": "Save it as .xlsx.",
    ".xlsb": "Save it as .xlsx.",
    ".ods": "Save it as .xlsx.",
    ".feather": "Save it as Parquet, such as by DataFrame.to_parquet.",
    ".arrow": "Save it as Parquet, such as by pyarrow.parquet.write_table.",
    ".json": "Save it as JSON lines (.jsonl), an object a line, such as by jq -c '.[]'.",
}


@dataclass(frozen=True)
class TableFile:
    """A file's columns, and what was understood of them.

    Attributes:
        columns: by name in the file's order.
        readings: of each column, in that order.
        notes: what was understood of the file as a whole.
    """

    columns: Columns
    readings: tuple[ColumnReading, ...]
    notes: tuple[str, ...] = ()

    def used(self, wanted: Collection[str] = ()) -> Columns:
        """The columns that a model can learn from, and those that are wanted by name."""
        left_out = {reading.name for reading in self.readings if reading.left_out}
        return {
            name: values
            for name, values in self.columns.items()
            if name not in left_out or name in wanted
        }


def table_suffix(path: Path) -> str:
    """The suffix of a table's file in small letters, that of packing not counted; "" of others."""
    name = Path(path.stem) if path.suffix.lower() in PACKED else path
    suffix = name.suffix.lower()
    return suffix if suffix in SUFFIXES else ""


def read_table(
    path: Path | str,
    spec: DataSpec | None = None,
    parts: Sequence[Path] = (),
    without: Collection[str] = (),
) -> TableFile:
    """The columns of a file, whatever its delimiter, encoding and ways to write a number.

    Whole numbers beyond 2^53 are rounded. Where a cell can mean several things the reading says
    what it was taken for, and which option decides otherwise.

    Args:
        path: the suffix tells the format; .gz and .zst may come after that of a text.
        spec: its `kinds`, `missing`, `delimiter`, `encoding` and `decimal`, and conditions whose
            kind is said; None: all by the cells.
        parts: the files of a table that has several, this one among them.
        without: columns of Parquet that are not read.

    Raises:
        InputError: another or a damaged format, no rows, rows that are longer than the header,
            infinities, types that are no column, or more than memory should hold.
    """
    path, spec = Path(path), spec or DataSpec()
    suffix, files = check_table_file(path), list(parts) or [path]
    notes: list[str] = []
    with table_refusal(path, suffix):
        if suffix == ".parquet":
            raws, num_rows = parquet_columns(files, notes, without)
            likely = "."
        else:
            raws, num_rows, likely = _raw_columns(files, spec, notes)
    return understood(raws, num_rows, spec, str(path), likely, notes)


def understood(
    raws: Sequence[RawColumn],
    num_rows: int,
    spec: DataSpec,
    path: str,
    likely: str = ".",
    notes: Sequence[str] = (),
) -> TableFile:
    """What columns hold, wherever they come from; arguments and errors as of `read_table`.

    Args:
        path: what errors call the table.
        likely: the decimal sign where cells do not tell.
        notes: what was understood of the whole.
    """
    if not num_rows:
        raise InputError(f"{path} must have a row or more", "no row", "Bring some rows.")
    names = [raw.name for raw in raws]
    told = {name: ("class", "") for name in text_columns(spec.conditions) if name in names}
    told |= told_kinds(spec.kinds, names)
    columns, readings = {}, []
    for raw in raws:
        absent = missing_of(raw.name, names, spec)
        try:
            values, reading = understand(raw, told.get(raw.name), absent, spec.decimal, likely)
        except InputError as error:
            expected = f"column {raw.name!r} of {path}: {error.expected}"
            remedy = error.remedy.replace("COLUMN", raw.name)
            raise InputError(expected, error.received, remedy) from None
        columns[raw.name] = values
        readings.append(reading)
    _check_finite(columns, path)
    return TableFile(columns, tuple(readings), tuple(notes))


def _raw_columns(
    parts: Sequence[Path], spec: DataSpec, notes: list[str]
) -> tuple[list[RawColumn], int, str]:
    """The columns of files before they are understood, their rows, and a likely decimal sign."""
    source, names, likely = text_source(parts, spec, notes)
    raws, num_rows = gather(source, *words_and_missing(names, spec), str(parts[0]))
    return without_index(raws, notes), num_rows, likely


def text_source(
    parts: Sequence[Path], spec: DataSpec, notes: list[str]
) -> tuple[Source, list[str], str]:
    """The rows of files one after the other, their columns, and a likely decimal sign.

    Raises:
        InputError: a file with other columns than the first.
    """
    opened = [_opened(part, spec, notes) for part in parts]
    _, names, divided = opened[0]
    for part, (_, own, _) in zip(parts, opened, strict=True):
        check_same_columns(parts[0], names, part, own)

    def rows() -> Iterator[list[str]]:
        for source, own, _ in opened:
            places = [own.index(name) for name in names]
            found = source()[1]
            yield from found if own == names else ([row[p] for p in places] for row in found)

    # where commas are decimal signs, programs divide cells by semicolons
    return lambda: (names, rows()), names, "," if divided == ";" else "."


def words_and_missing(
    names: Collection[str], spec: DataSpec
) -> tuple[frozenset[str], frozenset[str]]:
    """The columns whose cells are words by the spec, and what it says stands for missing ones."""
    told = told_kinds(spec.kinds, names)
    words = {name for name, (kind, _) in told.items() if kind != "number"}
    words |= set(text_columns(spec.conditions))
    words |= set(names) if spec.decimal == "," else set()
    return frozenset(words), frozenset(token for token in spec.missing if ":" not in token)


def _opened(path: Path, spec: DataSpec, notes: list[str]) -> tuple[Source, list[str], str]:
    """The rows of a file, its columns, and the delimiter of one that has such."""
    suffix = table_suffix(path)
    if suffix in DELIMITERS:
        return delimited(path, DELIMITERS[suffix], spec.delimiter, spec.encoding, notes)
    if suffix in JSON_LINES:
        return *json_lines(path, spec.encoding, notes), ""
    return *excel(path, notes), ""


def without_index(
    raws: list[RawColumn], notes: list[str], rows: np.ndarray | None = None
) -> list[RawColumn]:
    """The columns but for those without a name that are empty, or the rows' count of pandas.

    Args:
        rows: the numbers of the rows that the columns hold; None: all from 0 on.
    """
    kept = []
    for place, raw in enumerate(raws, 1):
        if raw.name == f"column {place}" and raw.numbers is not None and len(raws) > 1:
            count = np.arange(len(raw.numbers)) if rows is None else rows
            counts_rows = any((raw.numbers - first == count).all() for first in (0, 1))
            if np.isnan(raw.numbers).all() or (place == 1 and counts_rows):
                what = "counts the rows" if counts_rows else "is empty"
                notes.append(f"column {place}, which has no name, {what}: left out")
                continue
        kept.append(raw)
    return kept


def missing_of(name: str, names: Sequence[str], spec: DataSpec) -> list[str]:
    """What stands for a missing cell in a column, besides what usually does."""
    tokens = (_token(token, name, names) for token in spec.missing)
    return [token for token in tokens if token is not None]


def _token(token: str, name: str, names: Sequence[str]) -> str | None:
    """What stands for a missing cell in a column, of "-999" or "column:-999"."""
    column, colon, of_column = token.rpartition(":")
    if not colon or column not in names:
        return token
    return of_column if column == name else None


def _check_finite(columns: Mapping[str, np.ndarray], path: str) -> None:
    """Raise for infinities, naming each column that holds one."""
    found = {
        name: int(np.isinf(values).argmax())
        for name, values in columns.items()
        if values.dtype.kind == "f" and np.isinf(values).any()
    }
    if found:
        which = [f"{columns[name][row]} in row {row} of {name!r}" for name, row in found.items()]
        raise InputError(
            f"{path} must hold finite numbers",
            f"{', '.join(which[:20])} (rows counted from 0)",
            "Mend these cells, or take them as missing, such as with --missing inf.",
        )


def check_table_file(path: Path) -> str:
    """The suffix of a file that is there and not empty."""
    if not (suffix := table_suffix(path)):
        raise InputError(
            f"a table must be a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file",
            f"{path}",
            OTHERS.get(path.suffix.lower(), "Save it as one of these, or correct the name."),
        )
    if not path.is_file():
        raise InputError(
            "the table must be a file",
            f"{path}, which is {'no file' if path.exists() else 'not there'}",
            "Check the path.",
        )
    if not (size := path.stat().st_size):
        raise InputError(f"{path} must hold a table", "an empty file", "Copy it again.")
    if suffix not in DELIMITERS and suffix not in JSON_LINES:
        check_memory(2 * size, f"{path}, with a copy,")
        if path.suffix.lower() in PACKED:
            raise InputError(f"{path} must not be packed again", path.suffix, "Unpack it first.")
    return suffix


@contextmanager
def table_refusal(path: Path, suffix: str) -> Iterator[None]:
    """What the libraries raise over damaged content, of many kinds, as an InputError."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{path} must be a whole {suffix} file",
            f"content that cannot be read ({reason_of(error)})",
            "Copy it again, or save it anew.",
        ) from None
