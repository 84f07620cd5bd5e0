"""The aggregate posterior q(z), the mean of q(z | x, y) over the data, and the parts of its KL."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.checks import InputError, check_at_least, check_range, check_shape
from condvae.metrics.inputs import check_rows

LogPrior = Callable[[np.ndarray], np.ndarray]  # (M, latent_dim) -> (M,) nats

LEAST_LOGVAR = -25.0  # below it float64 cannot resolve differences of the densities of z
BLOCK = 2**22  # log-densities computed at a time: 32 MB

_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class ElboSurgery:
    """The two parts of the mean KL(q(z | x, y) || p(z)), nats.

    Attributes:
        mutual_information: mutual information of the index of a row and its z, from 0 (all
            posteriors equal) to log num_rows (each draw of z identifies its row).
        marginal_kl: KL(q(z) || p(z)), the divergence of the aggregate posterior from the prior.
        mutual_information_error: standard error due to the draws of z.
        marginal_kl_error: standard error of marginal_kl.
        num_rows: number of posteriors in the mean q(z).
        num_draws: number of draws of z.
    """

    mutual_information: float
    marginal_kl: float
    mutual_information_error: float
    marginal_kl_error: float
    num_rows: int
    num_draws: int

    @property
    def kl(self) -> float:
        """The sum of both parts: the KL divergence in the ELBO."""
        return self.mutual_information + self.marginal_kl


def log_standard_normal(z: np.ndarray) -> np.ndarray:
    """log N(z; 0, I): (M, latent_dim) -> (M,) nats."""
    return -0.5 * (z**2 + _LOG_2PI).sum(axis=1)


def dissect_kl(
    mean: np.ndarray,
    logvar: np.ndarray,
    num_draws: int = 10_000,
    seed: int = 0,
    log_prior: LogPrior = log_standard_normal,
) -> ElboSurgery:
    """ELBO surgery: mean KL(q(z | x, y) || p(z)) = I(row; z) + KL(q(z) || p(z)).

    Both parts use the same draws of z, with equally many from each row as far as possible, and the
    exact q(z), a sum over all rows. Memory does not grow with num_draws times rows.

    Args:
        mean: (N, latent_dim) posterior means.
        logvar: (N, latent_dim) natural logarithms of the posterior variances.
        num_draws: number of draws of z, at least 2.
        seed: seed of the draws.
        log_prior: log p(z) in nats of (num_draws, latent_dim).

    Raises:
        InputError: different shapes, no rows, values that are not finite, or a logvar beyond ±25,
            where the densities lose precision.

    Source: Hoffman & Johnson 2016, "ELBO surgery: yet another way to carve up the
    variational evidence lower bound".
    """
    mean = check_rows(mean, "mean")
    logvar = check_rows(check_shape(np.asarray(logvar), mean.shape, "logvar"), "logvar")
    check_range(logvar, LEAST_LOGVAR, -LEAST_LOGVAR, "logvar")
    check_at_least(num_draws, 2, "the number of draws")
    rng = np.random.default_rng(seed)
    # equally many draws from each row, apart from a remainder
    rows = np.resize(rng.permutation(len(mean)), num_draws)
    noise = rng.standard_normal((num_draws, mean.shape[1]))
    z = mean[rows] + np.exp(0.5 * logvar[rows]) * noise  # (num_draws, latent_dim)
    # from the noise, which is (z - mean) / sd without rounding errors
    log_posterior = -0.5 * (noise**2 + logvar[rows] + _LOG_2PI).sum(axis=1)
    log_aggregate = _log_mean_density(z, mean, logvar)
    log_prior_of_z = check_shape(np.asarray(log_prior(z)), (num_draws,), "the prior's densities")
    information, marginal = log_posterior - log_aggregate, log_aggregate - log_prior_of_z
    return ElboSurgery(
        mutual_information=float(information.mean()),
        marginal_kl=float(marginal.mean()),
        mutual_information_error=_standard_error(information),
        marginal_kl_error=_standard_error(marginal),
        num_rows=len(mean),
        num_draws=num_draws,
    )


def dissect_kl_by_class(
    mean: np.ndarray,
    logvar: np.ndarray,
    labels: np.ndarray,
    num_draws: int = 10_000,
    seed: int = 0,
    log_priors: Mapping[Any, LogPrior] | None = None,
) -> dict[Any, ElboSurgery]:
    """`dissect_kl` for the rows of each label, with q(z | y) against p(z) or p(z | y).

    The mutual information of all rows minus the mean over the classes, weighted by their rows, is
    I(y; z): the information of z about the label, in nats.

    Args:
        mean: (N, latent_dim) posterior means.
        logvar: (N, latent_dim) natural logarithms of the posterior variances.
        labels: (N,) values that can be compared.
        num_draws: number of draws of z for each label.
        seed: seed of the draws.
        log_priors: log p(z | y) by label; None for a standard normal prior under each label.

    Raises:
        InputError: as in `dissect_kl`, or a label without a prior.

    Source: Hoffman & Johnson 2016.
    """
    mean, logvar = np.asarray(mean), np.asarray(logvar)
    labels = check_shape(np.asarray(labels), mean.shape[:1], "the labels")
    classes = np.unique(labels).tolist()
    if log_priors is None:
        log_priors = dict.fromkeys(classes, log_standard_normal)
    if missing := [label for label in classes if label not in log_priors]:
        raise InputError("each label must have a prior", f"none for {missing[0]!r}", "Add it.")
    check_shape(logvar, mean.shape, "logvar")
    return {
        label: dissect_kl(
            mean[labels == label], logvar[labels == label], num_draws, seed, log_priors[label]
        )
        for label in classes
    }


def _standard_error(parts: np.ndarray) -> float:
    """Standard error of the mean; an upper bound, since the draws are stratified by row."""
    return float(parts.std(ddof=1) / math.sqrt(len(parts)))


def _log_mean_density(z: np.ndarray, mean: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """log 1/N sum_n N(z; mean_n, exp(logvar_n)), (num_draws,) nats."""
    # the exponents of all pairs are a single matrix product, as they are linear in (z², z)
    precision = np.exp(-logvar)
    weights = np.concatenate([-0.5 * precision, mean * precision], axis=1).T
    constants = -0.5 * (mean**2 * precision + logvar + _LOG_2PI).sum(axis=1)
    size = max(1, BLOCK // len(mean))  # draws per block, which has at most BLOCK pairs
    parts = []
    for start in range(0, len(z), size):
        part = z[start : start + size]
        log_densities = np.concatenate([part**2, part], axis=1) @ weights + constants
        most = log_densities.max(axis=1)
        # log-sum-exp in place, since this block takes most of the memory
        densities = np.exp(log_densities - most[:, None], out=log_densities)
        parts.append(most + np.log(densities.mean(axis=1)))
    return np.concatenate(parts)
