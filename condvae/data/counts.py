"""Counts of SciPy's sparse matrices and of AnnData: one cell per row, as a line of pixels."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from condvae.checks import InputError, check_memory
from condvae.conditions import named_kinds
from condvae.data.dataset import Dataset
from condvae.data.named_arrays import unlabelled
from condvae.spec import DataSpec

MOST = 255  # a count is kept as a byte
_log = logging.getLogger(__name__)


def matrix_dataset(matrix: Any, spec: DataSpec) -> Dataset:
    """The data set of a sparse matrix, (N, D)."""
    return _counts(matrix, {}, spec)


def annotated_dataset(annotated: Any, spec: DataSpec) -> Dataset:
    """The data set of an AnnData: X, with the columns of `obs` that `spec.conditions` names.

    `obs` holds quality measures and batch names, so no column is used unless it is named.
    """
    obs = annotated.obs
    columns = {name: np.asarray(obs[name]) for name in named_kinds(spec.conditions, list(obs))}
    return _counts(annotated.X, columns, spec)


def _counts(matrix: Any, columns: Mapping[str, Any], spec: DataSpec) -> Dataset:
    """Rows of counts, or of other numbers, as images one pixel high.

    Raises:
        InputError: counts that do not fit in a byte, or more data than memory should hold.
    """
    num_rows, num_columns = matrix.shape
    check_memory(num_rows * num_columns * 16, "the matrix, including its zeros, with copies,")
    # both libraries also have dense matrices
    x = np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix)
    are_counts = x.size > 0 and x.min() >= 0 and bool((x == np.rint(x)).all())
    if are_counts and x.max() > MOST:
        raise InputError(
            f"counts must be at most {MOST}, since each is kept as a byte",
            f"{x.max():,}",
            "Clip them, leave out the columns of larger ones, or pass a frame: a table has numbers "
            "of any size.",
        )
    x = x.astype("uint8" if are_counts else "float32")
    x = x.reshape(num_rows, *(spec.image_shape or (1, num_columns)))
    if are_counts:
        _log.warning(
            "the matrix: %s rows of %s counts up to %d; likelihood='negative_binomial' or "
            "'poisson' takes them as counts, others as grey levels",
            f"{num_rows:,}",
            f"{num_columns:,}",
            x.max(),
        )
    if not columns:
        return Dataset.from_arrays(x, unlabelled(num_rows, "the matrix"), spec=spec)
    return Dataset.from_columns(columns, x, spec=spec)
