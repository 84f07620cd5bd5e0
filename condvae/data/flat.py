"""Rows of numbers, (N, D), as in scikit-learn: images of a stated shape, or a table."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from condvae.checks import InputError, check_memory
from condvae.conditions.carried import Carried
from condvae.data.mapped import by_rows, num_axes
from condvae.spec import DataSpec

CELL_BYTES = 40  # bytes of a number, its copies, its state and its place among the quantiles
_log = logging.getLogger(__name__)


def unflattened(x: np.ndarray, spec: DataSpec, name: str) -> np.ndarray:
    """Images (N, height, width[, channels]) from flat rows, if the spec states their shape.

    Raises:
        InputError: rows of another length.
    """
    if x.ndim != 2 or spec.image_shape is None:
        return x
    shape = spec.image_shape
    if np.prod(shape) != x.shape[1]:
        raise InputError(
            f"`image_shape` must be (height, width) or (height, width, channels) of the "
            f"{x.shape[1]:,} numbers in a row of {name}",
            f"{shape}",
            "Correct it, or leave it out for a table.",
        )
    return by_rows(x, lambda rows: rows.reshape(-1, *shape))


def is_flat(x: Any, spec: DataSpec) -> bool:
    """Whether x is a table of numbers."""
    try:
        return num_axes(x) == 2 and spec.image_shape is None
    except ValueError:  # rows of different lengths, which no other reader takes either
        return False


def flat_table(
    pairs: Mapping[str, tuple[Any, Any] | None], label: str, spec: DataSpec
) -> dict[str, Any]:
    """Rows of numbers and labels as arguments of `Dataset.from_columns`.

    Columns are named x0, x1, ...; constant columns are left out and restored in generated
    rows. The labels are the condition if the spec names none.

    Args:
        pairs: x, (N, D) numbers, NaN for missing ones, and y, (N,) labels or numbers, by split
            name; None if there are none.
        label: name of y.
    """
    there = {split: pair for split, pair in pairs.items() if pair is not None}
    try:
        x, y = (
            np.concatenate([np.asarray(p) for p in part])
            for part in zip(*there.values(), strict=True)
        )
    except ValueError as error:
        raise InputError(
            "rows of numbers must be alike in all splits", str(error), "Use one form for all."
        ) from None
    if x.dtype.kind not in "biuf" or not x.size:
        raise InputError(
            "x, as a table, must be rows of numbers",
            f"{x.dtype} of shape {x.shape}",
            "Pass a frame, whose columns may hold text.",
        )
    check_memory(x.size * CELL_BYTES, "the rows of numbers, as a table,")
    _log.warning(
        "rows of %s numbers are read as a table; `image_shape`, (height, width), reads them as "
        "images",
        f"{x.shape[1]:,}",
    )
    columns = {f"x{place}": values for place, values in enumerate(x.T.astype("float64"))}
    constant = [name for name, values in columns.items() if (values == values[0]).all()]
    carried = [Carried.of_column(name, columns[name]) for name in constant]
    kind = "" if y.dtype.kind == "f" else ":categorical"
    said = spec.conditions or (label + kind,)
    return {
        "columns": {n: v for n, v in columns.items() if n not in constant} | {label: y},
        "spec": spec.model_copy(update={"conditions": said}),
        "splits": np.repeat([*there], [len(x) for x, _ in there.values()]),
        "of_file": {
            "order": tuple(name for name in (*columns, label) if name not in spec.ignore),
            "carried": tuple(column for column in carried if column),
        },
    }
