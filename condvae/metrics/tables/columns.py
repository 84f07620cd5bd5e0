"""Tables that a measure compares, with the same columns by name; their values as codes."""

from collections.abc import Mapping

import numpy as np

from condvae.checks import InputError

Columns = dict[str, np.ndarray]


def is_missing(values: np.ndarray) -> np.ndarray:
    """(N,) bool: an empty string, or NaN."""
    return values == "" if values.dtype.kind == "U" else np.isnan(values)


def is_text(values: np.ndarray) -> bool:
    """Whether a column holds words."""
    return values.dtype.kind == "U"


def num_rows(columns: Mapping[str, np.ndarray]) -> int:
    """Number of rows of a table."""
    return len(next(iter(columns.values())))


def take_rows(columns: Mapping[str, np.ndarray], rows: np.ndarray) -> Columns:
    """Some of the rows, by indices or a mask."""
    return {name: values[rows] for name, values in columns.items()}


def draw_rows(columns: Mapping[str, np.ndarray], count: int, seed: int) -> Columns:
    """At most `count` rows in their order, drawn without replacement."""
    total = num_rows(columns)
    if count >= total:
        return dict(columns)
    return take_rows(columns, np.sort(np.random.default_rng(seed).permutation(total)[:count]))


def joined(*parts: Mapping[str, np.ndarray]) -> Columns:
    """The rows of all tables, one after another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def common_codes(*parts: np.ndarray) -> list[np.ndarray]:
    """Integer codes from 0, equal for equal values in all parts; missing is a value."""
    _, codes = np.unique(np.concatenate(parts), return_inverse=True)
    return np.split(codes, np.cumsum([len(part) for part in parts])[:-1])


def common_words(values: np.ndarray, most: int) -> np.ndarray:
    """The most frequent words, at most this many, by decreasing frequency."""
    words, counts = np.unique(values, return_counts=True)
    return words[np.argsort(-counts, kind="stable")][:most]


def codes_in(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The index of each word in an order, and one more index for all others."""
    words, codes = np.unique(values, return_inverse=True)
    place = {word: code for code, word in enumerate(order.tolist())}
    return np.array([place.get(word, len(order)) for word in words.tolist()])[codes]


def check_alike(**tables: Mapping[str, np.ndarray]) -> list[Columns]:
    """The tables with their columns in the order of the first table, and numbers as float64.

    Raises:
        InputError: names, kinds or lengths that do not fit, no rows, or infinite values.
    """
    (first_name, first), *_ = tables.items()
    alike = []
    for name, table in tables.items():
        if not first or set(table) != set(first):
            differing = sorted(set(table) ^ set(first)) or ["none at all"]
            raise InputError(
                f"{name} must have the columns of {first_name}",
                f"a difference in {', '.join(differing)[:200]}",
                "Pass the same columns.",
            )
        columns = {column: _checked_values(table[column], column, name) for column in first}
        if len({len(values) for values in columns.values()}) > 1:
            raise InputError(
                f"the columns of {name} must have the same length",
                f"{sorted({len(values) for values in columns.values()})} rows",
                "Pass one value per row for each column.",
            )
        for column, values in columns.items():
            kind = alike[0][column].dtype.kind if alike else values.dtype.kind
            if values.dtype.kind != kind:
                raise InputError(
                    f"column {column!r} of {name} must hold {'text' if kind == 'U' else 'numbers'}"
                    f", as in {first_name}",
                    "numbers" if kind == "U" else "text",
                    "Convert the column.",
                )
        alike.append(columns)
    return alike


def _checked_values(values: np.ndarray, column: str, table: str) -> np.ndarray:
    """A column as float64 or str, (N,) with N at least 1."""
    values = np.asarray(values)
    expected = f"column {column!r} of {table} must hold numbers or text, (N,) with at least one row"
    if values.ndim != 1 or not len(values) or values.dtype.kind not in "iufU":
        raise InputError(
            expected, f"shape {values.shape} of {values.dtype}", "Convert it, one value per row."
        )
    if values.dtype.kind == "U":
        return values
    if np.isinf(values).any():
        raise InputError(
            expected,
            f"{values[np.isinf(values)][0]} in row {int(np.isinf(values).argmax())}",
            "Correct that row, or use NaN, which is a missing number.",
        )
    return values.astype(np.float64)
