"""What the columns of a data set are: their kinds, chosen from their values or said."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice
from condvae.conditions.categorical import Categorical, categorical_of
from condvae.conditions.columns import Continuous, MultiLabel, attribute_names
from condvae.conditions.images import Image
from condvae.conditions.schema import Schema, Table, is_missing

KINDS = ("categorical", "continuous", "multi_label", "image")
MOST_WHOLE = 20  # different whole numbers that are taken for classes


def named_kinds(names: Sequence[str], columns: Sequence[str]) -> dict[str, str | None]:
    """{name: kind or None} of texts such as "digit" and "slant:continuous".

    Raises:
        InputError: no such column or kind, or a name twice; the known ones are listed.
    """
    kinds: dict[str, str | None] = {}
    for text in names:
        name, colon, kind = text.rpartition(":")
        if not colon or text in columns:
            name, kind = text, ""
        if name in kinds:
            raise InputError("each condition must be named once", repr(name), "Name it once.")
        check_choice(name, columns, "the condition")
        kinds[name] = check_choice(kind, KINDS, f"the kind of {name!r}") if kind else None
    return kinds


def text_columns(names: Sequence[str]) -> list[str]:
    """The columns that are said to be classes or attributes, whose cells are words throughout."""
    parts = [name.rpartition(":") for name in names]
    return [name for name, _, kind in parts if kind in ("categorical", "multi_label")]


def schema_of(
    columns: Mapping[str, np.ndarray], kinds: Mapping[str, str | None], rows: np.ndarray
) -> Schema:
    """The conditions in columns of values.

    Args:
        columns: {name: (N,) or (N, dim) values, or images}, NaN or "" where missing.
        kinds: of some of them; None, or left out: from the values.
        rows: those that scales and ranges are measured on: the training rows.
    """
    conditions = [
        _condition(name, values, kinds.get(name), rows) for name, values in columns.items()
    ]
    return Schema(conditions=tuple(conditions))


def table_of(
    columns: Mapping[str, np.ndarray], given: Collection[str], scaling: str, rows: np.ndarray
) -> Table:
    """The columns of x, arguments as of `schema_of`.

    Args:
        given: which of the columns are conditions.
        scaling: of numbers, "quantile" or "standard".
    """
    found: list[Any] = []
    for name, values in columns.items():
        if name in given:
            continue
        if values.dtype.kind == "U":
            found.append(_classes(name, values))
        else:
            found.append(Continuous.fitted(name, values[rows], scaling))
    return Table(columns=tuple(found), order=tuple(columns))


def _condition(name: str, values: np.ndarray, kind: str | None, rows: np.ndarray) -> Any:
    """A column as a condition."""
    kind = kind or _kind_of(values)
    if kind == "categorical":
        return _classes(name, values)
    if kind == "image":
        if values.ndim not in (3, 4):
            raise InputError(
                f"the condition {name!r} must be images, (N, height, width[, channels])",
                f"shape {values.shape}",
                "Name another kind.",
            )
        shape = values.shape[1:] if values.ndim == 4 else (*values.shape[1:], 1)
        in_bytes = values.dtype.kind in "iu" and values.max() > 1
        return Image(name=name, image_shape=shape, y_max=255 if in_bytes else 1)
    if kind == "multi_label":
        if values.dtype.kind == "U":
            names = sorted({part for text in np.unique(values) for part in attribute_names(text)})
            if not names:
                raise InputError(
                    f"column {name!r} must name attributes",
                    "none in any row",
                    f"Leave it out with --ignore {name}.",
                )
        else:
            width = values.shape[1] if values.ndim == 2 else 1
            names = [f"{name}_{place}" for place in range(width)]
        return MultiLabel(name=name, attributes=tuple(names))
    if values.dtype.kind == "U":
        raise InputError(
            f"the continuous condition {name!r} must hold numbers",
            f"text such as {values[values != ''][:1].tolist()}",
            f"Name it {name}:categorical.",
        )
    return Continuous.fitted(name, values[rows])


def _kind_of(values: np.ndarray) -> str:
    """Text and few whole numbers are classes; rows of zeros and ones are attributes."""
    if values.ndim > 2:
        return "image"
    seen = values[~is_missing(values)]
    if values.ndim == 2 and values.shape[1] > 1:
        return "multi_label" if np.isin(seen, (0, 1)).all() else "continuous"
    if values.dtype.kind in "Ub":
        return "categorical"
    distinct = np.unique(seen)
    is_whole = values.dtype.kind in "iu" or bool((distinct == np.rint(distinct)).all())
    few = len(distinct) <= min(MOST_WHOLE, max(2, len(seen) // 3))
    return "categorical" if is_whole and few else "continuous"


def _classes(name: str, values: np.ndarray) -> Categorical:
    """The classes that occur in a column.

    Raises:
        InputError: there is one alone, or as many as rows.
    """
    seen = values[~is_missing(values)].reshape(-1)
    classes, _ = categorical_of(seen, name) if len(seen) else (None, None)
    if classes is None or classes.dim == 1:
        raise InputError(
            f"column {name!r} must vary",
            f"{classes.categories[0]!r} in every row" if classes else "no value",
            f"Leave it out with --ignore {name}.",
        )
    if classes.dim == len(seen) and len(seen) > 2:
        raise InputError(
            f"column {name!r} must name classes",
            f"{len(seen):,} rows with {classes.dim:,} different values: it names rows",
            f"Leave it out with --ignore {name}.",
        )
    return classes
