"""Log-likelihoods from importance weights, in log space, a few samples at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LogProbEstimate:
    """Estimates of log p(x | y), one for each row.

    Attributes:
        log_prob: (batch,) float64 nats; below the true value in expectation, by less for more
            samples.
        effective_samples: (batch,) (sum w)^2 / sum w^2, from 1 (one sample dominates) to
            num_samples (equal weights).
        mean_log_weight: (batch,) nats, at most log_prob; for z from q, an estimate of the ELBO.
        num_samples: number of draws of z for each row.
    """

    log_prob: np.ndarray
    effective_samples: np.ndarray
    mean_log_weight: np.ndarray
    num_samples: int

    @property
    def mean(self) -> float:
        """Mean estimate of log p(x | y) over the rows, nats."""
        return float(self.log_prob.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean, from the variation over rows, which includes the draws'.

        NaN for one row.
        """
        if len(self.log_prob) == 1:
            return float("nan")
        return float(self.log_prob.std(ddof=1) / np.sqrt(len(self.log_prob)))

    @property
    def sampling_error(self) -> np.ndarray:
        """(batch,) standard error of each log_prob due to the draws of z, to first order.

        It is the relative error of the mean weight: sqrt((1 / effective_samples - 1 /
        num_samples)).
        """
        return np.sqrt(np.maximum(1 / self.effective_samples - 1 / self.num_samples, 0))


class LogMeanExp:
    """log 1/K sum_k w_k for log-weights that come in parts; memory use is constant in K.

    Args:
        num_rows: number of rows.
    """

    def __init__(self, num_rows: int):
        self._log_sum = np.full(num_rows, -np.inf)
        self._log_sum_of_squares = np.full(num_rows, -np.inf)
        self._sum_of_logs = np.zeros(num_rows)
        self._count = 0

    def add(self, log_weights: np.ndarray) -> None:
        """Add (num_rows, k) log-weights, nats."""
        weights = log_weights.astype("float64")
        self._log_sum = np.logaddexp(self._log_sum, np.logaddexp.reduce(weights, axis=1))
        self._log_sum_of_squares = np.logaddexp(
            self._log_sum_of_squares, np.logaddexp.reduce(2 * weights, axis=1)
        )
        self._sum_of_logs = self._sum_of_logs + weights.sum(axis=1)
        self._count += weights.shape[1]

    def estimate(self) -> LogProbEstimate:
        """The estimates so far."""
        return LogProbEstimate(
            self._log_sum - np.log(self._count),
            np.exp(2 * self._log_sum - self._log_sum_of_squares),
            self._sum_of_logs / self._count,
            self._count,
        )


def estimates_at(
    blocks: Iterable[np.ndarray], sizes: Sequence[int], num_rows: int
) -> list[LogProbEstimate]:
    """The estimates from the first draws, for each number of draws.

    Args:
        blocks: (num_rows, k) log-weights, in parts; as many in total as the last of sizes.
        sizes: numbers of draws, in increasing order.
    """
    total, found, done = LogMeanExp(num_rows), [], 0
    for log_weights in blocks:
        ends = [size - done for size in sizes if done < size <= done + log_weights.shape[1]]
        *parts, rest = np.split(log_weights, ends, axis=1)
        for part in parts:
            total.add(part)
            found.append(total.estimate())
        total.add(rest)
        done += log_weights.shape[1]
    return found
