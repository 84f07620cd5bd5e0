"""Named columns, checked and brought to one form."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice, check_text
from condvae.conditions import Schema, schema_of
from condvae.conditions.booleans import as_words
from condvae.conditions.missing import as_column


def checked_columns(columns: Mapping[str, Any], ignore: Collection[str]) -> dict[str, np.ndarray]:
    """The columns but for those to ignore, as float64, integers, texts or uint8 images.

    Raises:
        InputError: no column of a name to ignore, values of another kind, infinite ones, or
            columns of different lengths.
    """
    for name in ignore:
        check_choice(name, list(columns), "--ignore")
    checked = {n: _checked(n, values) for n, values in columns.items() if n not in ignore}
    check_lengths(checked)
    return checked


def check_lengths(columns: Mapping[str, np.ndarray]) -> None:
    """Raise if there are more values in one column than in another."""
    if len({len(values) for values in columns.values()}) > 1:
        sizes = [f"{len(values):,} of {name!r}" for name, values in columns.items()]
        raise InputError(
            "all columns must be equally long", ", ".join(sizes[:12]), "Bring one value a row."
        )


def check_num_rows(columns: Mapping[str, np.ndarray], num_images: int) -> None:
    """Raise if there are not as many values as images."""
    for name, values in columns.items():
        if len(values) != num_images:
            raise InputError(
                f"the condition {name!r} must have one value for each of the {num_images:,} images",
                f"{len(values):,}",
                "Bring them in the same order and number.",
            )


def check_table_columns(columns: Mapping[str, np.ndarray], conditions: Collection[str]) -> None:
    """Raise if a table has nothing besides its conditions, or more than one value a cell."""
    if len(conditions) == len(columns):
        raise InputError(
            "a table must have columns that are data, beside those that are conditions",
            f"only conditions, of the columns {', '.join(list(columns)[:20])}",
            "Name fewer of them with --condition COLUMN, or none.",
        )
    for name, values in columns.items():
        if values.ndim > 1:
            raise InputError(
                f"column {name!r} of a table must have one value a row",
                f"shape {values.shape}",
                "Bring its parts as columns of their own.",
            )


def first_schema(
    raw: Mapping[str, np.ndarray], kinds: Mapping[str, Any]
) -> tuple[Schema, np.ndarray]:
    """The conditions as all rows have them, and the rows' encodings."""
    given = {column: raw[column] for column in kinds}
    num_rows = len(next(iter(raw.values())))
    schema = schema_of(given, kinds, np.arange(num_rows))
    return schema, schema.encode_rows(given, num_rows)


def _checked(name: str, values: Any) -> np.ndarray:
    """One column, checked: float64, integers or text."""
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
            f"column {name!r} must hold numbers or texts, one or more a row",
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
                "Mend it, or leave it empty where it is missing.",
            )
    # a frame's single column comes as (N, 1)
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _array(name: str, values: Any) -> np.ndarray:
    """A column as an array; rows of different shapes are refused."""
    try:
        return as_column(values)
    except ValueError as error:
        raise InputError(
            f"column {name!r} must have values of one shape", str(error), "Even them out."
        ) from None


def _text(name: str, value: Any) -> str:
    """One cell as text."""
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise InputError(
            f"column {name!r} must hold text in UTF-8", str(error), "Decode it into str."
        ) from None
