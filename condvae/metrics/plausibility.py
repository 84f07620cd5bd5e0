"""The plausibility of rows and labels, from log p(x | y) under each label: scores and audit.

Rankings are indices of rows, the most suspicious first.
"""

import numpy as np

from condvae.checks import check_range, check_shape
from condvae.metrics.inputs import check_codes, check_log_probs, check_rows


def log_marginal(log_likelihoods: np.ndarray, log_prior: np.ndarray | None = None) -> np.ndarray:
    """log p(x) = log sum_y p(x | y) p(y).

    Args:
        log_likelihoods: (N, num_classes) log p(x | y), nats.
        log_prior: (num_classes,) log p(y), nats; None for equally frequent labels.

    Returns:
        (N,) float64 nats.

    Raises:
        InputError: shapes that do not fit, a log-likelihood that is not finite, or a prior that
            does not sum to one.
    """
    return np.logaddexp.reduce(_join(log_likelihoods, log_prior), axis=1)


def log_posterior(log_likelihoods: np.ndarray, log_prior: np.ndarray | None = None) -> np.ndarray:
    """log p(y | x) by Bayes' rule; arguments as in `log_marginal`.

    Returns:
        (N, num_classes) float64 nats; their exponentials sum to one in each row.

    Source: Kingma et al. 2014, "Semi-supervised learning with deep generative models".
    """
    joint = _join(log_likelihoods, log_prior)
    return joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)


def label_margins(
    log_likelihoods: np.ndarray, codes: np.ndarray, log_prior: np.ndarray | None = None
) -> np.ndarray:
    """log p(x, given label) - log p(x, best other label): negative if another label fits better.

    Args:
        log_likelihoods: (N, num_classes) log p(x | y), nats, each row up to a constant.
        codes: (N,) given labels, 0 to num_classes - 1.
        log_prior: (num_classes,) log p(y), nats; None for equally frequent labels.

    Returns:
        (N,) float64 nats.

    Raises:
        InputError: as in `log_marginal`, or invalid codes.
    """
    joint = _join(log_likelihoods, log_prior)
    rows = np.arange(len(joint)), check_codes(codes, *joint.shape)
    given = joint[rows]
    joint[rows] = -np.inf
    return given - joint.max(axis=1)


def rank_lowest(scores: np.ndarray) -> np.ndarray:
    """(N,) rows from the lowest score to the highest; ties in the order of the rows.

    Applied to `label_margins` it ranks labels by implausibility, applied to `log_marginal` it ranks
    rows by how atypical they are.
    """
    return np.argsort(check_shape(np.asarray(scores), (None,), "the scores"), kind="stable")


def found_share(ranking: np.ndarray, planted: np.ndarray, share: float) -> float:
    """Share of the planted rows that are among the first of a ranking: the recall of an audit.

    Args:
        ranking: (N,) all rows, the most suspicious first.
        planted: (N,) bool, the rows that were changed.
        share: share of the rows that are inspected, from 0 to 1; rounded to whole rows.

    Returns:
        From 0 to 1; NaN if none was planted.

    Raises:
        InputError: different shapes, or an invalid share.
    """
    ranking = check_shape(np.asarray(ranking), (None,), "the ranking")
    planted = check_shape(np.asarray(planted, bool), ranking.shape, "the planted rows")
    check_range(np.array([share]), 0, 1, "the share")
    looked_at = ranking[: round(share * len(ranking))]
    return float(planted[looked_at].sum() / planted.sum()) if planted.any() else float("nan")


def _join(log_likelihoods: np.ndarray, log_prior: np.ndarray | None) -> np.ndarray:
    """log p(x, y), a new (N, num_classes) array."""
    log_likelihoods = check_rows(log_likelihoods, "the log-likelihoods")
    num_classes = log_likelihoods.shape[1]
    if log_prior is None:
        return log_likelihoods - np.log(num_classes)
    log_prior = check_shape(np.asarray(log_prior), (num_classes,), "the log-prior")
    return log_likelihoods + check_log_probs(log_prior[None], "the log-prior")
