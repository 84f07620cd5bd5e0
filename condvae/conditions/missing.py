"""Columns with missing values."""

from typing import Any

import numpy as np


def is_missing(values: np.ndarray) -> np.ndarray:
    """(batch,) bool: NaN in a row of numbers, None or an empty text."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values).any(axis=tuple(range(1, values.ndim))))
    if values.dtype.kind == "U" and values.ndim == 1:
        return values == ""
    if values.dtype.kind in "OU":
        return np.asarray([v is None or v == "" or v != v for v in values.tolist()], dtype=bool)
    return np.zeros(len(values), dtype=bool)


def is_none(value: Any) -> bool:
    """Whether one value is missing."""
    return value is None or (np.ndim(value) == 0 and bool(value == "" or value != value))


def as_column(values: Any) -> np.ndarray:
    """An array in which None and NaN among strings are preserved."""
    array = np.asarray(values)
    if array.dtype.kind == "U" and not isinstance(values, np.ndarray):
        return np.asarray(values, dtype=object)
    return array


def like(values: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Values as numbers or strings, like the cells of another column."""
    is_text = cells.dtype.kind == "U"
    if values.dtype.kind == cells.dtype.kind:
        return values
    kept = values.astype(object)
    kept[is_missing(values)] = "" if is_text else np.nan
    return kept.astype(str if is_text else "float64")


def plain(values: np.ndarray) -> np.ndarray:
    """Python objects as NumPy numbers or strings."""
    return np.asarray(values.tolist()) if values.dtype.kind == "O" else values
