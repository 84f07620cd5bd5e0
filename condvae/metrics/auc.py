"""The area under the ROC curve, with its standard error."""

from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError


@dataclass(frozen=True)
class Auc:
    """How well a score tells two kinds of rows apart.

    Attributes:
        value: probability that a row of the first kind scores higher than one of the second, a tie
            counting half; 0.5 where they cannot be told, 1 where they always are.
        error: its standard error, from the number of rows.
    """

    value: float
    error: float


def area_under_curve(first: np.ndarray, second: np.ndarray) -> Auc:
    """The AUC of scores, (M,) of rows that should score high and (N,) of the others.

    Raises:
        InputError: fewer than two rows of a kind.

    Source: DeLong, DeLong & Clarke-Pearson 1988, "Comparing the areas under two or more correlated
    receiver operating characteristic curves" (the variance).
    """
    if min(len(first), len(second)) < 2:
        raise InputError(
            "an AUC needs two rows or more of each kind",
            f"{len(first)} and {len(second)}",
            "Bring more rows.",
        )
    above = _share_below(first, second)  # of each of the first, the share of the second below it
    below = 1 - _share_below(second, first)
    variance = above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)
    return Auc(float(above.mean()), float(np.sqrt(variance)))


def _share_below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each score the share of the others that lie below it, ties counting half."""
    ordered = np.sort(others)
    ends = (np.searchsorted(ordered, scores, side) for side in ("left", "right"))
    return sum(ends, np.zeros(len(scores))) / (2 * len(others))
