"""Counts with a Poisson distribution."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from keras import ops

from condvae.distributions.bounds import soft_ceiling
from condvae.distributions.event import Tensor, sum_event
from condvae.distributions.normal import normal_quantile
from condvae.distributions.saddle_point import deviance, log_factorial_excess

MOST_LOG_RATE = 30.0
_TABLE_RATE = 16.0  # draws for smaller rates use sums of at most 48 probabilities
_TABLE_SIZE = 48


@dataclass(frozen=True)
class Poisson:
    """Independent counts, from the logarithms of their rates.

    Attributes:
        log_rate: (..., *event_shape); kept softly below 30.
        event_ndim: number of trailing axes that form one draw; densities sum over them.
        weights: weight of each variable in the densities, 0 to omit it; broadcasts against
            log_rate.
    """

    log_rate: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """The rate."""
        return ops.exp(self._log_rate())

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of the counts, nats, summed over the event axes.

        -k (exp(-r) - 1 + r) - (log k! - k log k + k), r = log(k / rate); see `saddle_point`.
        """
        at_least_one = ops.maximum(value, 1.0)
        ratio = ops.log(at_least_one) - self._log_rate()
        # for a count of 0 the deviance is the rate
        from_rate = ops.where(value < 0.5, self.mean, deviance(value, ratio))
        log_prob = -from_rate - log_factorial_excess(value)
        return sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The counts, float32, that correspond to uniform noise in [0, 1).

        For rates below 16, the inverse of the CDF, up to float32's rounding of its sums; for larger
        rates its Cornish-Fisher expansion, which gives a neighbouring count for a share of at most
        1e-4.

        Source: Giles 2016 (Algorithm 955), section 2, for the expansion.
        """
        rate = self.mean
        small = ops.minimum(rate, _TABLE_RATE)
        probability = ops.exp(-small)
        cumulated, count = probability, ops.zeros_like(probability + noise)
        for k in range(1, _TABLE_SIZE):
            # probabilities below the noise's resolution end the sum: it may round to less than one
            beyond = (noise >= cumulated) & (probability > 1e-8)
            count = count + ops.cast(beyond, "float32")
            probability = probability * small / k
            cumulated = cumulated + probability
        z, large = normal_quantile(noise), ops.maximum(rate, _TABLE_RATE)
        scale = ops.sqrt(large)
        quantile = large + scale * z + 1 / 3 + z**2 / 6 - (z / 36 + z**3 / 72) / scale
        quantile = quantile + (z**4 / 270 + 7 * z**2 / 810 - 8 / 405) / large
        return ops.where(rate < _TABLE_RATE, count, ops.floor(quantile))

    def _log_rate(self) -> Tensor:
        """log_rate, kept softly below its bound."""
        return soft_ceiling(self.log_rate, MOST_LOG_RATE)
