"""Tables as columns, from and to CSV and Parquet; no cell is believed before it is checked."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice, check_memory
from condvae.files.atomic import atomic_path

# by name, all of one length: numbers as float64, NaN for missing; text as str, "" for missing
Columns = dict[str, np.ndarray]

DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*DELIMITERS, ".parquet")
CELL_BYTES = 16  # of a cell on its way: its offset or index, and its number
WORD_BYTES = 80  # of a word as one of Python's, besides its letters
MOST_EXACT = 2**53  # larger whole numbers are rounded as float64
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
NUMBER = r"^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:inf|infinity))$"
CODE = r"^[+-]?0\d+$"  # 007 and 7 are two names


def read_table(path: Path | str, text: Collection[str] = ()) -> Columns:
    """The columns of a CSV file (.csv, .tsv, in UTF-8, with a header) or a Parquet file.

    A CSV column is numbers if all its cells are, or are missing: empty, NA, N/A, NaN, null or
    None. Else it is text, cells as they stand, where only an empty cell is missing. Whole
    numbers beyond 2^53 are rounded. Booleans of a Parquet file become "true" and "false".

    Args:
        path: the suffix tells the format.
        text: columns that are text in spite of numbers in them (in Parquet the type tells).

    Returns:
        By name in the file's order, each (N,): float64 with NaN for missing, or str with "".

    Raises:
        InputError: another or a damaged format, no rows, rows of different lengths, columns
            without a name, with the same name, all missing, of numbers and words, with
            infinities or of types that are no column, or more than memory should hold.
    """
    path = Path(path)
    suffix = _check_suffix(path)
    if not path.is_file():
        raise InputError(
            "the table must be a file",
            f"{path}, which is {'no file' if path.exists() else 'not there'}",
            "Check the path.",
        )
    if not (size := path.stat().st_size):
        raise InputError(f"{path} must hold a table", "an empty file", "Copy it again.")
    check_memory(2 * size, f"{path}, with a copy,")
    content = path.read_bytes()
    columns = (
        _parquet_columns(content, path)
        if suffix == ".parquet"
        else _csv_columns(content, DELIMITERS[suffix], text, path)
    )
    for name in text:
        check_choice(name, columns, f"a text column of {path}")
    return check_columns(columns, str(path))


def write_table(
    path: Path | str, columns: Mapping[str, np.ndarray], integers: Collection[str] = ()
) -> None:
    """Write columns to a CSV or Parquet file, whole or not at all; missing as empty cells.

    `read_table` gives them back; of a CSV file, it must be told which text looks like numbers.

    Args:
        path: the suffix tells the format: .csv, .tsv or .parquet. A file there is replaced.
        columns: (N,) numbers or str by name.
        integers: columns whose numbers are written as integers.

    Raises:
        InputError: another suffix, columns that `read_table` would refuse, or a number that is
            not whole in `integers`.
    """
    path = Path(path)
    suffix = _check_suffix(path)
    _check_names(list(columns), path)
    checked = check_columns(columns, "the table")
    for name in integers:
        _check_whole(checked[check_choice(name, checked, "an integer column")], name)
    import pyarrow as pa
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    arrays = {}
    for name, values in checked.items():
        is_text = values.dtype.kind == "U"
        missing = values == "" if is_text else np.isnan(values)
        if name in integers:
            values = np.where(missing, 0, values).astype(np.int64)
        # from NumPy's str pyarrow takes what stands before a zero
        arrays[name] = _encoded(values.tolist() if is_text else values, missing, name)
    table = pa.table(arrays)
    with atomic_path(path) as fresh:
        if suffix == ".parquet":
            parquet.write_table(table, fresh, write_page_checksum=True)
        else:
            options = arrow_csv.WriteOptions(delimiter=DELIMITERS[suffix])
            arrow_csv.write_csv(table, fresh, options)


def check_columns(columns: Mapping[str, np.ndarray], name: str) -> Columns:
    """Return columns, numbers as float64, if they are a table.

    Raises:
        InputError: no column or no row, lengths that differ, values that are neither numbers
            nor text, infinities, or a column that is all missing.
    """
    checked = {column: np.asarray(values) for column, values in columns.items()}
    lengths = {column: values.shape for column, values in checked.items()}
    if len(set(lengths.values())) != 1 or any(len(shape) != 1 for shape in lengths.values()):
        raise InputError(
            f"{name} must have columns of one length, (N,) each",
            f"the shapes {str(lengths)[:200]}" if lengths else "no column",
            "Bring a value a row for each.",
        )
    if not next(iter(lengths.values()))[0]:
        raise InputError(f"{name} must have a row or more", "no row", "Bring some rows.")
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
                "Mend that cell, or leave it empty: then it is missing.",
            )
        if not (values != "" if values.dtype.kind == "U" else ~np.isnan(values)).any():
            raise InputError(
                f"column {column!r} of {name} must hold a value or more",
                "missing values alone",
                "Remove the column, or fill it.",
            )
    return checked


def _check_suffix(path: Path) -> str:
    """The suffix, if it is a table's and the library for tables is there."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"a table must be a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file",
            f"{path}",
            "Save it as one of these, or correct the name.",
        )
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise InputError(
            "reading and writing tables needs the package pyarrow",
            "none that can be imported",
            "Install it with: pip install 'condvae[data]'.",
        ) from None
    return suffix


def _check_whole(values: np.ndarray, name: str) -> None:
    """Raise where a number is not whole, or too large to be exact."""
    if values.dtype.kind == "U":
        wrong = np.ones(len(values), bool)
    else:
        wrong = ~np.isnan(values) & ((values != np.rint(values)) | (abs(values) > MOST_EXACT))
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"the integer column {name!r} must hold whole numbers, at most 2^53",
            f"{str(values[row])[:80]!r} in row {row} (counted from 0)",
            "Round the column first, or take it from the integers.",
        )


def _encoded(values: Any, missing: np.ndarray, name: str) -> Any:
    """One of pyarrow's arrays, where NumPy's str does not hold what UTF-8 cannot."""
    import pyarrow as pa

    try:
        name.encode()
        return pa.array(values, mask=missing)
    except UnicodeEncodeError as error:
        raise InputError(
            f"column {name!a} and its cells must be text that UTF-8 can hold",
            ascii(error.object)[:80],
            "Correct that text.",
        ) from None


def _check_names(names: Sequence[str], path: Path) -> None:
    """Raise for a column without a name, and for a name that two columns have."""
    seen = set()
    for place, name in enumerate(names):
        if not name.strip() or name in seen:
            raise InputError(
                f"each column of {path} must have a name of its own",
                f"{f'{name[:80]!r} again' if name.strip() else 'no name'} for column {place + 1}",
                "Rename it, or remove it if it only counts the rows.",
            )
        seen.add(name)


@contextmanager
def _refusal(path: Path, form: str) -> Iterator[None]:
    """What pyarrow and csv raise over damaged content, of many kinds, as an InputError."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{path} must be a whole {form}",
            f"content that cannot be read ({type(error).__name__}: {str(error)[:200]})",
            "Copy it again, or save it anew.",
        ) from None


def _csv_columns(content: bytes, delimiter: str, text: Collection[str], path: Path) -> Columns:
    """The columns of a CSV file, each read as text and then taken for what all its cells are."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # a quote that stays open would swallow the rows after it
    if b"\0" in content or content.count(b'"') % 2:
        raise InputError(
            f"{path} must be text in UTF-8, each quote closed",
            "bytes of zero" if b"\0" in content else 'an odd number of quotes (")',
            "Save it as CSV in UTF-8; a quote inside of a cell is written twice.",
        )
    if not content.endswith((b"\n", b"\r")):
        content += b"\n"  # a last row without an end is refused otherwise
    # at most: one cell before each delimiter and each end of a row
    cells = sum(map(content.count, (delimiter.encode(), b"\n", b"\r")))
    check_memory(2 * len(content) + CELL_BYTES * cells, f"the cells of {path}")
    ragged = []
    with _refusal(path, "table in UTF-8"):
        # Excel begins UTF-8 with a mark, which would be part of the first name
        lines = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
        names = next(csv.reader(lines, delimiter=delimiter)) or [""]
        _check_names(names, path)
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(content),
                # one thread, because only then a row that does not fit has its number
                arrow_csv.ReadOptions(
                    use_threads=False,
                    column_names=names,
                    skip_rows_after_names=1,
                    # one block: pyarrow refuses a row that is longer than one
                    block_size=min(len(content), 2**31 - 1),
                ),
                arrow_csv.ParseOptions(
                    delimiter=delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=len(names) > 1,
                    invalid_row_handler=lambda row: ragged.append(row) or "error",
                ),
                arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
            )
        except pa.ArrowInvalid:
            if not ragged:
                raise
            raise InputError(
                f"each row of {path} must have {len(names)} cells, as the header has",
                f"{ragged[0].actual_columns} in row {ragged[0].number} (the header is row 1): "
                f"{ragged[0].text[:80]!r}",
                "Mend that row; a cell that holds the delimiter stands in quotes.",
            ) from None
    return {
        name: (_text if name in text else _parsed)(column, name, path)
        for name, column in zip(names, table.columns, strict=True)
    }


def _parsed(column: Any, name: str, path: Path) -> np.ndarray:
    """A CSV column as numbers if all its cells are, else as text; some of each are refused."""
    import pyarrow as pa
    from pyarrow import compute

    cells = compute.utf8_trim_whitespace(column)
    is_number = compute.match_substring_regex(cells, NUMBER)
    is_missing = compute.is_in(cells, value_set=pa.array(MISSING))
    is_word = compute.invert(compute.or_(is_number, is_missing))
    numbers, words = compute.sum(is_number).as_py() or 0, compute.sum(is_word).as_py() or 0
    if compute.any(compute.match_substring_regex(cells, CODE)).as_py() or (words and not numbers):
        return _text(column, name, path)
    if words:
        kinds = [(numbers, "numbers", is_number), (words, "words", is_word)]
        (most, usual, _), (few, other, which) = sorted(kinds, key=lambda kind: -kind[0])
        raise InputError(
            f"column {name!r} of {path} must hold numbers or words, not both",
            f"{usual} in {most:,} cells and {other} in {few:,}, such as "
            f"{cells.filter(which)[0].as_py()[:80]!r}",
            f"Mend those cells or leave them empty; as a condition name it {name}:categorical.",
        )
    numbers = compute.if_else(is_missing, "nan", cells).cast(pa.float64())
    return np.array(numbers.to_numpy())  # a copy, because pyarrow's own cannot be written to


def _parquet_columns(content: bytes, path: Path) -> Columns:
    """The columns of a Parquet file, by their types."""
    import pyarrow as pa
    from pyarrow import parquet

    with _refusal(path, "Parquet file"):
        file = parquet.ParquetFile(pa.BufferReader(content))
        schema, metadata = file.schema_arrow, file.metadata
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        _check_names(schema.names, path)
        for field in schema:
            _check_type(field, path)
        # a damaged file may announce sizes below 0
        unpacked = sum(max(group.total_byte_size, 0) for group in groups)
        # the file says it twice: the larger number counts
        rows = max(metadata.num_rows, sum(max(group.num_rows, 0) for group in groups))
        check_memory(
            len(content) + unpacked + rows * len(schema) * CELL_BYTES, f"the columns of {path}"
        )
        # text stays a dictionary: a long word in many rows is small as a file
        texts = [field.name for field in schema if _is_text(field.type)]
        table = parquet.ParquetFile(
            pa.BufferReader(content), read_dictionary=texts, page_checksum_verification=True
        ).read()
        # offsets and indices of a hostile file may point outside of its buffers
        table.validate(full=True)
        return {
            name: (_text if name in texts else _plain)(column, name, path)
            for name, column in zip(schema.names, table.columns, strict=True)
        }


def _check_type(field: Any, path: Path) -> None:
    """Raise for a Parquet column that is neither numbers nor text nor booleans."""
    from pyarrow import types

    of = field.type.value_type if types.is_dictionary(field.type) else field.type
    plain = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    if not (_is_text(of) or any(is_type(of) for is_type in plain)):
        raise InputError(
            f"column {field.name!r} of {path} must hold numbers, text or booleans",
            f"{str(field.type)[:80]}",
            "Write it as a number, such as days since a date, or as text."
            if types.is_temporal(of)
            else "Remove it, or write what it holds as columns of numbers or text.",
        )


def _is_text(of: Any) -> bool:
    """Whether a type is text, or a dictionary of it."""
    from pyarrow import types

    of = of.value_type if types.is_dictionary(of) else of
    return types.is_string(of) or types.is_large_string(of) or types.is_string_view(of)


def _plain(column: Any, name: str, path: Path) -> np.ndarray:
    """Numbers as float64, booleans as "true" and "false"."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_boolean(column.type):
        return _text(column.cast(pa.string()), name, path)
    return np.array(column.cast(pa.float64(), safe=False).to_numpy())


def _text(column: Any, name: str, path: Path) -> np.ndarray:
    """The words of a column, (N,) str; refused before they are allocated."""
    from pyarrow import compute, types

    if not types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    longest = compute.max(compute.utf8_length(whole.dictionary)).as_py() or 0
    num_words, num_rows = len(whole.dictionary), len(whole)
    check_memory(
        # NumPy's str is as wide as the longest
        num_words * WORD_BYTES + (num_words + num_rows) * 4 * longest,
        f"column {name!r} of {path}, {num_rows:,} cells as wide as the longest,",
    )
    words = [*whole.dictionary.to_pylist(), ""]
    # the word at num_words is "", which stands for missing
    codes = whole.indices.fill_null(num_words).to_numpy(zero_copy_only=False)
    return np.array(["" if word is None else word for word in words])[codes]
