"""The standard error of any measure of rows, by leaving out one part of them at a time."""

from collections.abc import Callable

import numpy as np

GROUPS = 20


def jackknife_error(
    measure: Callable[[np.ndarray], float], num_rows: int, seed: int = 0, groups: int = GROUPS
) -> float:
    """Standard error of measure(rows), by the delete-a-group jackknife.

    It is sqrt((g - 1) / g * sum of the squared deviations of the g values from their mean).

    Args:
        measure: from indices of rows, (n,), to a number.
        num_rows: N, the number of rows.
        seed: seed of the division into parts.
        groups: g, the number of parts; fewer if there are fewer rows.

    Returns:
        The standard error; NaN for one row.

    Source: Quenouille 1956; Tukey 1958; Efron & Tibshirani 1993, chapter 11.
    """
    groups = min(groups, num_rows)
    if groups < 2:
        return float("nan")
    part = np.arange(num_rows) % groups
    part = np.random.default_rng(seed).permutation(part)
    values = np.array([measure(np.flatnonzero(part != group)) for group in range(groups)])
    return float(np.sqrt((groups - 1) * values.var()))
