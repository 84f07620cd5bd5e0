"""Classes with few rows, left out on request."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from condvae.checks import InputError

MOST_NAMED = 5
_log = logging.getLogger(__name__)


def rows_of_large_classes(
    names: Sequence[str], codes: np.ndarray, least: int, name: str
) -> np.ndarray | None:
    """The rows of classes with at least this many rows; None if these are all.

    Args:
        names: names of the classes in the order of their codes.
        codes: (N,) class code of each row.
        least: rows that a class must have.
        name: name of the data; the classes that are left out are reported.

    Raises:
        InputError: no class is that large.
    """
    counts = np.bincount(codes, minlength=len(names))
    small = np.flatnonzero((counts < least) & (counts > 0))
    if not small.size:
        return None
    if (counts >= max(least, 1)).sum() == 0:
        raise InputError(
            f"`drop_small_classes` must leave a class of {name or 'the data'}",
            f"{least:,}, where the largest has {counts.max():,}",
            "Use a smaller number.",
        )
    _log.warning(
        "%s: %s left out, of fewer than %s each",
        name or "the data",
        counted_classes(names, counts, small),
        f"{least:,}",
    )
    return np.flatnonzero(~np.isin(codes, small))


def rows_for_training_alone(
    codes: np.ndarray, names: Sequence[str], rest: np.ndarray, parts: Sequence[str], name: str
) -> np.ndarray:
    """The rows of classes with fewer rows than parts to draw them for; they are reported.

    Args:
        codes: (N,) class code of each row.
        names: names of the classes in the order of their codes.
        rest: the rows to draw from.
        parts: names of the parts, the training rows first.
        name: name of the data.

    Raises:
        InputError: a class without rows, or no class with enough of them.
    """
    counts = np.bincount(codes[rest], minlength=len(names))
    if counts.min() == 0 or counts.max() < len(parts):
        if len(counts) == 1:
            raise InputError(
                f"{name or 'the data'} must have at least {len(parts)} examples, one for each of "
                f"{', '.join(parts)}",
                f"{counts[0]}",
                "Add more.",
            )
        who = f"every class of {name or 'the data'}" if counts.min() == 0 else "a class"
        raise InputError(
            f"{who} must have at least {1 if counts.min() == 0 else len(parts)} examples to draw "
            f"the splits from ({', '.join(parts)})",
            f"{counts.min()} of class {names[int(counts.argmin())]!r}",
            "Add more of that class, or leave it out, for example with --drop-small-classes 1.",
        )
    few = np.flatnonzero(counts < len(parts))
    if few.size:
        _log.warning(
            "%s: %s of fewer rows than there are splits, for training alone; "
            "--drop-small-classes %d leaves such out",
            name or "the data",
            counted_classes(names, counts, few),
            len(parts),
        )
    return rest[np.isin(codes[rest], few)]


def counted_classes(names: Sequence[str], counts: np.ndarray, codes: np.ndarray) -> str:
    """How many classes these are, with names and row counts of some."""
    listed = [f"{names[code]!r} ({counts[code]:,})" for code in codes[:MOST_NAMED].tolist()]
    more = ", ..." if len(codes) > MOST_NAMED else ""
    noun = "class" if len(codes) == 1 else "classes"
    return f"{len(codes):,} {noun} ({', '.join(listed)}{more})"


def of_rows(rows: np.ndarray | None, *values: Any) -> tuple[Any, ...]:
    """Some rows of each array; all of them if rows is None."""
    return tuple(value if rows is None or value is None else value[rows] for value in values)
