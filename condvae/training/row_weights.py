"""Weights of training rows and of classes, with a mean of one."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice, check_finite
from condvae.data import Dataset

BALANCED = "balanced"


def training_weights(
    dataset: Dataset, class_weight: Sequence[str], sample_weight: Any = None
) -> np.ndarray | None:
    """The weight of each training row in the loss, (N,) float32 with mean 1; None: equal weights.

    Args:
        class_weight: the setting of the spec: ("balanced",) gives all classes the same total
            weight; ("cat=2", ...) sets the weights of some classes, the others having 1.
        sample_weight: (rows of the data set,) numbers, where rows outside of the training split are
            ignored; or the name of a column of a table.

    Raises:
        InputError: the weights do not fit.
    """
    if sample_weight is None and not class_weight:
        return None
    weights = np.ones(len(dataset.train.x))
    if sample_weight is not None:
        weights *= _of_rows(dataset, sample_weight)[dataset.train.rows]
    if class_weight:
        weights *= _of_classes(dataset, class_weight)
    if not weights.any():
        raise InputError(
            "a training row must have a weight above 0",
            "weights of 0 only",
            "Increase some weights.",
        )
    return None if (weights == weights[0]).all() else (weights / weights.mean()).astype("float32")


def digest(sample_weight: Any) -> str | None:
    """The entry for the record: the column's name, or a sha256 in hex."""
    if sample_weight is None or isinstance(sample_weight, str):
        return sample_weight
    return hashlib.sha256(np.asarray(sample_weight, "float64").tobytes()).hexdigest()


def _of_rows(dataset: Dataset, sample_weight: Any) -> np.ndarray:
    """(rows of the data set,) weights of all rows, float64, 0 or more."""
    if isinstance(sample_weight, str):
        columns = dataset.raw or {}
        sample_weight = columns[check_choice(sample_weight, columns, "the column of weights")]
    weights = np.asarray(sample_weight)
    if weights.shape != (len(dataset.x),) or weights.dtype.kind not in "buif":
        raise InputError(
            f"sample_weight must be {len(dataset.x):,} numbers, one for each row of the data set",
            f"shape {weights.shape}, {weights.dtype}",
            "Pass (N,), including the rows of the other splits.",
        )
    weights = check_finite(weights.astype("float64"), "sample_weight")
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise InputError(
            "sample_weight must be 0 or more", f"{weights[row]:g} in row {row}", "Correct it."
        )
    return weights


def _of_classes(dataset: Dataset, class_weight: Sequence[str]) -> np.ndarray:
    """(training rows,) float64."""
    leading = dataset.condition.leading
    if leading is None:
        raise InputError(
            "class_weight requires a condition of classes", str(dataset.condition), "Omit it."
        )
    names, codes = dataset.condition.strata(dataset.train.given)
    if tuple(class_weight) == (BALANCED,):
        counts = np.bincount(codes, minlength=len(names))
        return (1 / np.maximum(counts, 1))[codes]
    of_class = np.ones(len(names))
    for text in class_weight:
        label, _, weight = text.rpartition("=")
        code = names.index(check_choice(label, names, "the class in class_weight"))
        try:
            of_class[code] = float(weight)
        except ValueError:
            of_class[code] = np.nan
        if not 0 <= of_class[code] < np.inf:
            raise InputError(
                "class_weight must be 'balanced' or LABEL=NUMBER, 0 or more",
                repr(text),
                f"Write {names[0]}=2, for example.",
            )
    return of_class[codes]
