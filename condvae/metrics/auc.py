"""The area under the ROC curve, with its standard error."""

from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError


@dataclass(frozen=True)
class Auc:
    """How well a score separates two kinds of rows.

    Attributes:
        value: probability that a row of the first kind has a higher score than one of the second,
            where ties count half; 0.5 if they cannot be separated, 1 if they always can.
        error: standard error of the value, from the number of rows.
    """

    value: float
    error: float


def area_under_curve(first: np.ndarray, second: np.ndarray) -> Auc:
    """The AUC of scores, (M,) for rows that should have high scores and (N,) for the others.

    Raises:
        InputError: fewer than two rows of either kind.

    Source: DeLong, DeLong & Clarke-Pearson 1988, "Comparing the areas under two or more correlated
    receiver operating characteristic curves" (the variance).
    """
    if min(len(first), len(second)) < 2:
        raise InputError(
            "an AUC requires at least two rows of each kind",
            f"{len(first)} and {len(second)}",
            "Add rows.",
        )
    above = _share_below(first, second)  # for each of the first, the share of the second below it
    below = 1 - _share_below(second, first)
    variance = above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)
    return Auc(float(above.mean()), float(np.sqrt(variance)))


def _share_below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """For each score the share of the others below it, where ties count half."""
    ordered = np.sort(others)
    ends = (np.searchsorted(ordered, scores, side) for side in ("left", "right"))
    return sum(ends, np.zeros(len(scores))) / (2 * len(others))
