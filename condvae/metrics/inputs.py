"""Checks of arguments that several measures have in common."""

import numpy as np

from condvae.checks import InputError, check_finite, check_range, check_shape


def check_rows(rows: np.ndarray, name: str, dim: int | None = None, least: int = 1) -> np.ndarray:
    """Return rows, (N, dim), as float64 if they are finite and at least `least` in number."""
    rows = check_finite(check_shape(np.asarray(rows), (None, dim), name), name)
    if len(rows) < least:
        raise InputError(f"{name} must have {least} or more rows", f"{len(rows)}", "Add rows.")
    return rows.astype("float64", copy=False)


def check_codes(codes: np.ndarray, num_rows: int, num_classes: int) -> np.ndarray:
    """Return codes, (num_rows,), if they are integers from 0 to num_classes - 1."""
    codes = check_shape(np.asarray(codes), (num_rows,), "the labels")
    if codes.dtype.kind not in "iu":
        raise InputError(
            "the labels must be codes, integers from 0", f"{codes.dtype}", "Encode them."
        )
    return check_range(codes, 0, num_classes - 1, "the labels")


def check_log_probs(log_probs: np.ndarray, name: str) -> np.ndarray:
    """Return log_probs, (N, num_classes), as float64 if their probabilities sum to one.

    Minus infinity means a probability of 0.
    """
    log_probs = check_shape(np.asarray(log_probs, "float64"), (None, None), name)
    with np.errstate(invalid="ignore", over="ignore"):  # such values are rejected below
        totals = np.exp(log_probs).sum(axis=1)
    wrong = ~(abs(totals - 1) < 1e-3)  # float32 is more precise
    if wrong.any() or not len(totals):
        raise InputError(
            f"{name} must be natural logarithms of probabilities that sum to one in each row",
            f"a sum of {totals[wrong][0]:g} in row {wrong.argmax()}" if len(totals) else "no row",
            "Normalise them, and take the logarithm.",
        )
    return log_probs
