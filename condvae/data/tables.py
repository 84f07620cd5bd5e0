"""Tables as columns, from CSV and similar text, Parquet, JSON lines and Excel files."""

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

# by name, all of one length: numbers as float64, NaN if missing; text as str, "" if missing
Columns = dict[str, np.ndarray]

DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}
JSON_LINES = (".jsonl", ".ndjson")
SHEETS = (".xlsx", ".xlsm")
SUFFIXES = (*DELIMITERS, *JSON_LINES, *SHEETS, ".parquet")  # that can be read
PACKED = (".gz", ".zst")
OTHERS = {
    ".xls": "Save it as .xlsx.",
    ".xlsb": "Save it as .xlsx.",
    ".ods": "Save it as .xlsx.",
    ".feather": "Save it as Parquet, for example with DataFrame.to_parquet.",
    ".arrow": "Save it as Parquet, for example with pyarrow.parquet.write_table.",
    ".json": "Save it as JSON lines (.jsonl), one object per line, for example with jq -c '.[]'.",
}


@dataclass(frozen=True)
class TableFile:
    """The columns of a file, and how they were interpreted.

    Attributes:
        columns: columns by name, in the order of the file.
        readings: how each column was interpreted, in that order.
        notes: how the file as a whole was interpreted.
    """

    columns: Columns
    readings: tuple[ColumnReading, ...]
    notes: tuple[str, ...] = ()

    def used(self, wanted: Collection[str] = ()) -> Columns:
        """The columns that a model can learn from, and those requested by name."""
        left_out = {reading.name for reading in self.readings if reading.left_out}
        return {
            name: values
            for name, values in self.columns.items()
            if name not in left_out or name in wanted
        }


def table_suffix(path: Path) -> str:
    """The lower-case suffix of a table file, before that of its compression; "" for others."""
    name = Path(path.stem) if path.suffix.lower() in PACKED else path
    suffix = name.suffix.lower()
    return suffix if suffix in SUFFIXES else ""


def read_table(
    path: Path | str,
    spec: DataSpec | None = None,
    parts: Sequence[Path] = (),
    without: Collection[str] = (),
    with_index: bool = False,
) -> TableFile:
    """The columns of a file, whatever its delimiter, encoding and number format.

    Integers beyond 2^53 are rounded. If a cell is ambiguous, the reading says how it was
    interpreted, and which option changes that.

    Args:
        path: its suffix gives the format; .gz and .zst may follow that of a text file.
        spec: its `kinds`, `missing`, `delimiter`, `encoding` and `decimal`, and conditions whose
            kind is set; None: all are detected from the cells.
        parts: the files of a table that has several, this one among them.
        without: columns of Parquet to skip.
        with_index: whether to keep unnamed columns that are empty or count the rows.

    Raises:
        InputError: an unknown format, a damaged file, no rows, rows longer than the header,
            infinite values, types that are no column, or more data than memory should hold.
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
            raws = raws if with_index else without_index(raws, notes)
    return understood(raws, num_rows, spec, str(path), likely, notes)


def understood(
    raws: Sequence[RawColumn],
    num_rows: int,
    spec: DataSpec,
    path: str,
    likely: str = ".",
    notes: Sequence[str] = (),
) -> TableFile:
    """The interpreted columns from any source; arguments and errors as for `read_table`.

    Args:
        path: name of the table in error messages.
        likely: the decimal sign if the cells are ambiguous.
        notes: how the whole was interpreted.
    """
    if not num_rows:
        raise InputError(f"{path} must have a row or more", "no row", "Add some rows.")
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
    """The columns of files before interpretation, their rows, and a likely decimal sign."""
    source, names, likely = text_source(parts, spec, notes)
    raws, num_rows = gather(source, *words_and_missing(names, spec), str(parts[0]))
    return raws, num_rows, likely


def text_source(
    parts: Sequence[Path], spec: DataSpec, notes: list[str]
) -> tuple[Source, list[str], str]:
    """The rows of consecutive files, their columns, and a likely decimal sign.

    Raises:
        InputError: a file whose columns differ from the first.
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

    # if commas are decimal signs, programs separate cells with semicolons
    return lambda: (names, rows()), names, "," if divided == ";" else "."


def words_and_missing(
    names: Collection[str], spec: DataSpec
) -> tuple[frozenset[str], frozenset[str]]:
    """The columns that the spec reads as words, and the values that it reads as missing."""
    told = told_kinds(spec.kinds, names)
    words = {name for name, (kind, _) in told.items() if kind != "number"}
    words |= set(text_columns(spec.conditions))
    words |= set(names) if spec.decimal == "," else set()
    return frozenset(words), frozenset(token for token in spec.missing if ":" not in token)


def _opened(path: Path, spec: DataSpec, notes: list[str]) -> tuple[Source, list[str], str]:
    """The rows of a file, its columns, and its delimiter, if any."""
    suffix = table_suffix(path)
    if suffix in DELIMITERS:
        return delimited(path, DELIMITERS[suffix], spec.delimiter, spec.encoding, notes)
    if suffix in JSON_LINES:
        return *json_lines(path, spec.encoding, notes), ""
    return *excel(path, notes), ""


def without_index(
    raws: list[RawColumn], notes: list[str], rows: np.ndarray | None = None
) -> list[RawColumn]:
    """The columns except unnamed ones that are empty, or pandas's row counter.

    Args:
        rows: numbers of the rows that the columns hold; None: all from 0 on.
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
    """Values that stand for a missing cell in a column, besides the usual ones."""
    tokens = (_token(token, name, names) for token in spec.missing)
    return [token for token in tokens if token is not None]


def _token(token: str, name: str, names: Sequence[str]) -> str | None:
    """The value that stands for a missing cell in a column, from "-999" or "column:-999"."""
    column, colon, of_column = token.rpartition(":")
    if not colon or column not in names:
        return token
    return of_column if column == name else None


def _check_finite(columns: Mapping[str, np.ndarray], path: str) -> None:
    """Raise for infinite values, naming each column that holds one."""
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
            "Correct these cells, or read them as missing, for example with --missing inf.",
        )


def check_table_file(path: Path, whole: bool = True) -> str:
    """The suffix of a file that exists and is not empty.

    Args:
        whole: whether the file will be read into memory.
    """
    if not (suffix := table_suffix(path)):
        raise InputError(
            f"a table must be a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file",
            f"{path}",
            OTHERS.get(path.suffix.lower(), "Save it as one of these, or correct the name."),
        )
    if not path.is_file():
        raise InputError(
            "the table must be a file",
            f"{path}, which {'is no file' if path.exists() else 'does not exist'}",
            "Check the path.",
        )
    if not (size := path.stat().st_size):
        raise InputError(f"{path} must hold a table", "an empty file", "Copy it again.")
    if suffix not in DELIMITERS and suffix not in JSON_LINES:
        if whole or suffix in SHEETS:
            check_memory(2 * size, f"{path}, with a copy,")
        if path.suffix.lower() in PACKED:
            raise InputError(f"{path} must not be compressed twice", path.suffix, "Unpack it once.")
    return suffix


@contextmanager
def table_refusal(path: Path, suffix: str) -> Iterator[None]:
    """Raise the many kinds of errors of libraries on damaged content as an InputError."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{path} must be a whole {suffix} file",
            f"content that cannot be read ({reason_of(error)})",
            "Copy it again, or save it again.",
        ) from None
