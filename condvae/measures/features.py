"""Rows of numbers (features, latents, pixels) as the measures take them."""

import numpy as np

from condvae.checks import InputError, check_finite, check_shape


def check_rows(rows: np.ndarray, name: str, dim: int | None = None, least: int = 1) -> np.ndarray:
    """Return rows, (N, dim), as float64 if they are finite and at least so many."""
    rows = check_finite(check_shape(np.asarray(rows), (None, dim), name), name)
    if len(rows) < least:
        raise InputError(
            f"{name} must have {least} or more rows", f"{len(rows)}", "Bring more rows."
        )
    return rows.astype("float64", copy=False)
