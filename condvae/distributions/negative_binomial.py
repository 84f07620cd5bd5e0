"""Counts with a larger variance than Poisson's."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from keras import ops

from condvae.distributions.bounds import soft_ceiling, soft_floor
from condvae.distributions.event import Tensor, sum_event
from condvae.distributions.normal import normal_quantile
from condvae.distributions.poisson import MOST_LOG_RATE
from condvae.distributions.saddle_point import deviance, log_factorial_excess

# beyond exp(16) it equals Poisson's distribution in float32 for all counts below 1,000
LEAST_LOG_DISPERSION, MOST_LOG_DISPERSION = -4.0, 16.0
_LEAST_MEAN = 1e-6
_SUMMED_MEAN = 256.0  # draws of larger means, with small dispersions, are multiples of its draws
_MOST_SUMMED = 4096
_MOST_NATS = 69.0  # -log p(0), p(0) = 1e-30: the smallest value from which sums can start


@dataclass(frozen=True)
class NegativeBinomial:
    """Independent counts, from the logarithms of their means and dispersions.

    The variance is mean + mean² / dispersion (NB2): Poisson counts whose rate is drawn from a
    gamma distribution of that shape.

    Attributes:
        log_mean: (..., *event_shape); kept softly below 30.
        log_dispersion: same shape; kept softly between -4 and 16.
        event_ndim: number of trailing axes that form one draw; densities sum over them.
        weights: weight of each variable in the densities, 0 to omit it; broadcasts against
            log_mean.
    """

    log_mean: Tensor
    log_dispersion: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """The expected count."""
        return ops.exp(self._log_mean())

    @property
    def dispersion(self) -> Tensor:
        """Shape of the gamma distribution of rates: small if counts vary strongly."""
        below = soft_ceiling(self.log_dispersion, MOST_LOG_DISPERSION)
        return ops.exp(soft_floor(below, LEAST_LOG_DISPERSION))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of the counts, nats, summed over the event axes.

        With r the dispersion and n = k + r, it is the deviance of k from its share mean / (mean +
        r) of n, that of r from the rest, and Stirling's remainders of Γ(n) / (Γ(r) k!).
        """
        mean, r = self.mean, self.dispersion
        total, at_least_one = value + r, ops.maximum(value, 1.0)
        excess = (mean - value) / total
        near = excess > -0.5
        # log1p where they nearly agree, to keep precision; elsewhere its argument would round to -1
        rest_ratio = ops.where(
            near, ops.log1p(ops.where(near, excess, 0.0)), ops.log((mean + r) / total)
        )
        excess = r * (at_least_one - mean) / (ops.maximum(mean, _LEAST_MEAN) * (at_least_one + r))
        near = (ops.abs(excess) < 0.5) & (mean > _LEAST_MEAN)
        ratio = ops.where(
            near,
            ops.log1p(ops.where(near, excess, 0.0)),
            ops.log(at_least_one) - self._log_mean() + rest_ratio,
        )
        # for a count of 0 the deviance is the expected count
        from_mean = ops.where(value < 0.5, r * (mean / (mean + r)), deviance(value, ratio))
        remainder = _stirling_remainder(total) - _stirling_remainder(r) - 0.5 * ops.log1p(value / r)
        log_prob = remainder - from_mean - deviance(r, rest_ratio) - log_factorial_excess(value)
        return sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The counts, float32, that correspond to uniform noise in [0, 1).

        The inverse of the CDF: by summation up to 4,096 counts, which ends when no noise lies
        beyond the sum, and as a geometric series from there; if p(0) is too small for that, by the
        Cornish-Fisher expansion.
        """
        mean, r = self.mean, self.dispersion + ops.zeros_like(noise)
        is_narrow = r * ops.log1p(mean / r) > _MOST_NATS
        small = ops.minimum(mean, _SUMMED_MEAN)
        share = small / (small + r)
        probability = ops.exp(-r * ops.log1p(small / r))

        def is_beyond(k: Tensor, probability: Tensor, cumulated: Tensor) -> Tensor:
            # the remainder may be below the noise's resolution: the sum may round to less than one
            left = probability / (1 - share * ops.minimum((k + r) / (k + 1), 1.0))
            return ~is_narrow & (noise >= cumulated) & ((left > 2**-24) | (k < small))

        def goes_on(k: Tensor, probability: Tensor, cumulated: Tensor, count: Tensor) -> Tensor:
            return (k < _MOST_SUMMED) & ops.any(is_beyond(k, probability, cumulated))

        def add(k: Tensor, probability: Tensor, cumulated: Tensor, count: Tensor) -> tuple:
            count = count + ops.cast(is_beyond(k, probability, cumulated), "float32")
            probability = probability * share * (k + r) / (k + 1)
            return k + 1, probability, cumulated + probability, count

        start = (ops.zeros((), "float32"), probability, probability, ops.zeros_like(probability))
        k, probability, cumulated, count = ops.while_loop(goes_on, add, start)
        ratio = share * (k + r) / (k + 1)
        left = ops.clip((1 - noise) * (1 - ratio) / ops.maximum(probability, 1e-30), 1e-30, 1.0)
        tail = ops.where(ratio < 1, ops.floor(ops.log(left) / ops.log(ratio)), 0.0)
        count = count + ops.where(is_beyond(k, probability, cumulated), tail, 0.0)
        scaled = ops.floor((count + 0.5) * (mean / small))
        return ops.where(is_narrow, _expansion(noise, mean, r), scaled)

    def _log_mean(self) -> Tensor:
        """log_mean, softly bounded."""
        return soft_ceiling(self.log_mean, MOST_LOG_RATE)


def _stirling_remainder(value: Tensor) -> Tensor:
    """log Γ(v) - (v - 1/2) log v + v - log(2 π) / 2; below 8 by Γ(v + 8) = v (v + 1) ... Γ(v)."""
    few = ops.minimum(value, 8.0)
    product = ops.ones_like(few)
    for k in range(8):
        product = product * ((few + 8) / (few + k))
    shift = (few - 0.5) * ops.log1p(8 / few) + ops.log(product) - 8
    many = ops.where(value < 8, value + 8, value)
    series = 1 / (12 * many) - 1 / (360 * many**3)
    return series + ops.where(value < 8, shift, 0.0)


def _expansion(noise: Tensor, mean: Tensor, r: Tensor) -> Tensor:
    """The quantile by the first four cumulants, rounded."""
    z, ratio = normal_quantile(noise), mean / r
    scale = ops.sqrt(mean * (1 + ratio))
    skewness = (1 + 2 * ratio) / scale
    kurtosis = (1 + 6 * ratio * (1 + ratio)) / scale**2
    offset = z + skewness * (z**2 - 1) / 6 + kurtosis * (z**3 - 3 * z) / 24
    offset = offset - skewness**2 * (2 * z**3 - 5 * z) / 36
    return ops.maximum(ops.floor(mean + scale * offset + 0.5), 0.0)
