"""True and False as words among classes, and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condvae.conditions.missing import is_none

WORDS = (("False", "True"), ("false", "true"))  # Python's, and those of files


def are_boolean(categories: Sequence[str]) -> bool:
    """Whether the classes are only false and true."""
    return tuple(categories) in WORDS


def has_booleans(values: Any) -> bool:
    """Whether one of (N,) values is True or False itself rather than a word."""
    return any(isinstance(value, bool) for value in np.asarray(values).tolist())


def as_words(values: np.ndarray) -> np.ndarray:
    """(N,) "true" or "false" for booleans, "" for missing values."""
    if values.dtype == bool:
        return np.where(values, "true", "false")
    return np.array(["" if is_none(v) else str(bool(v)).lower() for v in values.tolist()], str)


def as_booleans(words: np.ndarray) -> np.ndarray:
    """Booleans from such words; Python objects, with None for missing values."""
    lower = np.char.lower(words)
    truth, missing = lower == "true", lower == ""
    found: Any = np.where(missing, None, truth) if np.any(missing) else truth
    return found
