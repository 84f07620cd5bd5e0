"""Check named columns and bring them to one form."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice, check_text
from condvae.conditions import Schema, schema_of
from condvae.conditions.booleans import as_words
from condvae.conditions.missing import as_column
from condvae.data.mapped import MappedRows
from condvae.data.stored_columns import StoredColumns

MOST_ENCODED = 2**26  # bytes of encoded conditions that are in memory


def checked_columns(columns: Mapping[str, Any], ignore: Collection[str]) -> dict[str, np.ndarray]:
    """The columns except those to ignore, as float64, integers, text or uint8 images.

    Raises:
        InputError: an ignored name that is no column, values of another kind, infinite values, or
            columns of different lengths.
    """
    for name in ignore:
        check_choice(name, list(columns), "--ignore")
    checked = {n: _checked(n, values) for n, values in columns.items() if n not in ignore}
    check_lengths(checked)
    return checked


def check_lengths(columns: Mapping[str, np.ndarray]) -> None:
    """Raise if the columns differ in length."""
    if len({len(values) for values in columns.values()}) > 1:
        sizes = [f"{len(values):,} of {name!r}" for name, values in columns.items()]
        raise InputError(
            "all columns must be of one length", ", ".join(sizes[:12]), "Pass one value per row."
        )


def check_num_rows(columns: Mapping[str, np.ndarray], num_images: int) -> None:
    """Raise if the number of values differs from the number of images."""
    for name, values in columns.items():
        if len(values) != num_images:
            raise InputError(
                f"the condition {name!r} must have one value for each of the {num_images:,} images",
                f"{len(values):,}",
                "Pass equally many, in the same order.",
            )


def check_table_columns(columns: Mapping[str, np.ndarray], conditions: Collection[str]) -> None:
    """Raise if a table has no columns, or conditions alone, or more than one value per cell."""
    if not columns:
        raise InputError(
            "a table must have a column that varies",
            "constants, keys and texts alone, which are left out",
            "Add rows or columns, or keep a column with --kind COLUMN:class.",
        )
    if len(conditions) == len(columns):
        raise InputError(
            "a table must have columns of data besides its conditions",
            f"only conditions, of the columns {', '.join(list(columns)[:20])}",
            "Name fewer of them with --condition COLUMN, or none.",
        )
    for name, values in columns.items():
        if values.ndim > 1:
            raise InputError(
                f"column {name!r} of a table must have one value per row",
                f"shape {values.shape}",
                "Pass its parts as separate columns.",
            )


def first_schema(raw: Mapping[str, np.ndarray], kinds: Mapping[str, Any]) -> tuple[Schema, Any]:
    """The conditions, fitted to all rows, and the encoded rows."""
    given = {column: raw[column] for column in kinds}
    num_rows = len(next(iter(raw.values())))
    schema = schema_of(given, kinds, np.arange(num_rows))
    return schema, encoded_conditions(raw, schema)


def encoded_conditions(columns: Mapping[str, Any], schema: Schema) -> Any:
    """The columns that are conditions, (N, dim) float32.

    Large ones, as of classes by the thousand, and those on disk are encoded where they are read.
    """

    def encode(cells: Mapping[str, Any]) -> np.ndarray:
        num_rows = len(next(iter(cells.values())))
        return schema.encode_rows({name: cells[name] for name in schema.names}, num_rows)

    if isinstance(columns, StoredColumns):
        return columns.encoded(encode, schema.names)
    num_rows = len(next(iter(columns.values())))
    if not schema.names or 4 * num_rows * schema.dim <= MOST_ENCODED:
        return encode(columns)

    def encoded(rows: np.ndarray) -> np.ndarray:
        return encode({name: columns[name][rows] for name in schema.names})

    return MappedRows([np.arange(num_rows)], encoded)


def _checked(name: str, values: Any) -> np.ndarray:
    """Check one column: float64, integers or text."""
    check_text(name, "the name of a column")
    values = _array(name, values)
    if values.dtype.kind in "SO" and values.ndim == 1:
        # NaN differs from itself
        texts = ["" if v is None or v != v else v for v in values.tolist()]
        kinds = {type(v) for v in texts if v != ""}
        if kinds == {bool}:
            values = as_words(values)
        elif all(isinstance(v, int | float) or v == "" for v in texts):
            values = np.asarray([np.nan if v == "" else v for v in texts], dtype="float64")
        else:
            values = np.asarray([_text(name, v) for v in texts])
    elif values.dtype.kind == "b":
        values = as_words(values) if values.ndim == 1 else values.astype("int64")
    elif values.dtype.kind not in "iufU" or values.ndim == 0:
        raise InputError(
            f"column {name!r} must hold numbers or text, one or more per row",
            f"{values.dtype} of shape {values.shape}",
            "Convert it, or leave it out with `ignore`.",
        )
    if values.dtype.kind == "f":
        values = values.astype("float64")
        infinite = np.isinf(values).reshape(len(values), -1).any(axis=1)
        if infinite.any():
            raise InputError(
                f"column {name!r} must hold finite numbers",
                f"infinity in row {infinite.argmax()}",
                "Correct it, or leave the cell empty if it is missing.",
            )
    # a single column of a frame has the shape (N, 1)
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _array(name: str, values: Any) -> np.ndarray:
    """Return a column as an array; refuse rows of different shapes."""
    try:
        return as_column(values)
    except ValueError as error:
        raise InputError(
            f"column {name!r} must have values of one shape", str(error), "Make them equal."
        ) from None


def _text(name: str, value: Any) -> str:
    """One cell as text."""
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise InputError(
            f"column {name!r} must hold text in UTF-8", str(error), "Decode it to str."
        ) from None
