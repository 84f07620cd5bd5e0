"""Distributions as values: parameters in, log-densities in nats out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from keras import ops, random

Tensor = Any

_LOG_2PI = math.log(2 * math.pi)
_HALF_LEVEL = 0.5 / 255
# s of a logistic from a tenth of a level to far beyond [0, 1]; outside it float32 loses the levels
_LOG_SCALE_BOUNDS = (-7.7, 4.0)
MOST_LOG_RATE = 30.0
_TABLE_RATE = 16.0  # of a Poisson: below it draws are from the sums of at most 48 probabilities
_TABLE_SIZE = 48
# log k! - k log k + k for k = 0 to 15, beyond which Stirling's series is exact in float32
_LOG_FACTORIALS = np.array(
    [math.lgamma(k + 1) - (k * math.log(k) - k if k else 0) for k in range(16)], "float32"
)


def soft_floor(values: Tensor, least: float) -> Tensor:
    """log(exp(values) + exp(least)): values far above least as they are, never below it."""
    return ops.logaddexp(values, ops.full_like(values, least))


def soft_ceiling(values: Tensor, most: float) -> Tensor:
    """Values far below most as they are, never above it."""
    return -soft_floor(-values, -most)


def _normal_quantile(uniform: Tensor) -> Tensor:
    """The standard normal number below which that share lies; at most 5.3 off zero."""
    centred = ops.clip(2 * uniform - 1, -1 + 2**-23, 1 - 2**-23)
    return math.sqrt(2) * ops.erfinv(centred)


def _sum_event(values: Tensor, event_ndim: int) -> Tensor:
    """Sum over the last event_ndim axes."""
    return ops.sum(values, axis=tuple(range(-event_ndim, 0)))


def _flatten_event(values: Any, event_shape: Sequence[int]) -> Any:
    """Values with the event's axes as one, (..., size of the event); numbers alone as they are.

    XLA's CPU code is vectorised along one long axis, not over several short ones: three times
    faster for images.
    """
    if not len(getattr(values, "shape", ())):
        return values
    leading = ops.shape(values)[: -len(event_shape)]
    if tuple(values.shape[-len(event_shape) :]) != tuple(event_shape):
        values = ops.broadcast_to(values, (*leading, *event_shape))
    return ops.reshape(values, (*leading, math.prod(event_shape)))


@dataclass(frozen=True)
class Normal:
    """Independent normal variables.

    Attributes:
        mean: (..., *event_shape).
        logvar: natural logarithm of the variance; broadcasts against mean.
        event_ndim: how many of the last axes are one draw; densities sum over them.
        weights: of each variable in the densities, 0 to leave it out; broadcasts against mean.
    """

    mean: Tensor
    logvar: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "normal"

    def log_prob(self, value: Tensor) -> Tensor:
        """log N(value; mean, exp(logvar)), nats, summed over the event axes."""
        value, mean, logvar, weights = (
            _flatten_event(values, value.shape[-self.event_ndim :])
            for values in (value, self.mean, self.logvar, self.weights)
        )
        log_prob = -0.5 * (ops.square(value - mean) * ops.exp(-logvar) + logvar + _LOG_2PI)
        return ops.sum(weights * log_prob, axis=-1)

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that standard normal noise of the same shape stands for."""
        return self.mean + ops.exp(0.5 * self.logvar) * noise

    def sample(self, seed: Any) -> Tensor:
        """One draw, differentiable in mean and logvar; seed: an int or a SeedGenerator."""
        return self.transform(random.normal(ops.shape(self.mean), seed=seed, dtype="float32"))

    def per_sample(self) -> "Normal":
        """The same, (batch, 1, dim): for several draws of each row, (batch, num_samples, dim)."""
        return Normal(self.mean[:, None], self.logvar[:, None])


@dataclass(frozen=True)
class Bernoulli:
    """Independent yes/no variables, from their logits.

    Attributes:
        logits: (..., *event_shape); log p / (1 - p).
        event_ndim: how many of the last axes are one draw; densities sum over them.
        weights: of each variable in the densities, 0 to leave it out; broadcasts against logits.
    """

    logits: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """Probability of one."""
        return ops.sigmoid(self.logits)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability, nats, summed over the event axes.

        value * log p + (1 - value) * log(1 - p), from the logits: exact where p rounds to 0
        or 1. A grey value in [0, 1] gives the cross-entropy, as in the VAE literature; that
        is no normalised density (use `pixels="dynamic"` for one).
        """
        value, logits, weights = (
            _flatten_event(values, value.shape[-self.event_ndim :])
            for values in (value, self.logits, self.weights)
        )
        size = ops.abs(logits)
        # softplus(l) = (l + |l|) / 2 + log(1 + exp(-|l|)); ops.softplus takes twice the time
        log_prob = (value - 0.5) * logits - 0.5 * size - ops.log1p(ops.exp(-size))
        return ops.sum(weights * log_prob, axis=-1)

    def transform(self, noise: Tensor) -> Tensor:
        """The draw, 0 or 1 in float32, that uniform noise in [0, 1) stands for."""
        return ops.cast(noise < self.mean, "float32")


@dataclass(frozen=True)
class Categorical:
    """Independent choices of one class of several, from their logits; draws are one-hot.

    Attributes:
        logits: (..., *event_shape, num_classes); log-probabilities up to a constant.
        event_ndim: how many of the last axes are one draw, the classes' among them; densities sum
            over them.
        weights: of each choice in the densities, 0 to leave it out; broadcasts against logits.
    """

    logits: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """Probability of each class."""
        return ops.softmax(self.logits, axis=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of one-hot choices, nats, summed over the event axes."""
        log_prob = value * ops.log_softmax(self.logits, axis=-1)
        return _sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The one-hot draw, float32, that uniform noise in [0, 1) stands for: Gumbel's maximum."""
        gumbel = -ops.log(-ops.log(ops.maximum(noise, 1e-30)))
        chosen = ops.argmax(self.logits + gumbel, axis=-1)
        return ops.one_hot(chosen, self.logits.shape[-1], dtype="float32")


@dataclass(frozen=True)
class ContinuousBernoulli:
    """Independent numbers in [0, 1] with density proportional to exp(logits * x).

    Attributes:
        logits: (..., *event_shape); the mean rises with them, 1/2 at 0.
        event_ndim: how many of the last axes are one draw; densities sum over them.
        weights: of each variable in the densities, 0 to leave it out; broadcasts against logits.

    Source: Loaiza-Ganem & Cunningham 2019; their lambda is sigmoid(logits).
    """

    logits: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """1/2 + (coth h - 1/h) / 2 with h = logits / 2."""
        half, near, far = self._halves()
        squared = ops.square(half)
        taylor = half * (1 / 3 - squared * (1 / 45 - squared * (2 / 945 - squared / 4725)))
        return 0.5 + 0.5 * ops.where(near, taylor, 1 / ops.tanh(far) - 1 / far)

    def log_prob(self, value: Tensor) -> Tensor:
        """(value - 1/2) * logits - log(sinh h / h), h = logits / 2, nats, summed over the event."""
        half, near, far = self._halves()
        squared, size = ops.square(half), ops.abs(far)
        taylor = squared * (1 / 6 - squared * (1 / 180 - squared * (1 / 2835 - squared / 37800)))
        log_normaliser = ops.where(
            near, taylor, size + ops.log1p(-ops.exp(-2 * size)) - ops.log(2 * size)
        )
        log_prob = (value - 0.5) * self.logits - log_normaliser
        return _sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that uniform noise in [0, 1) stands for: the inverse of the CDF there."""
        size = ops.maximum(ops.abs(self.logits), 1e-6)
        # the share below a draw under -size; for positive logits the mirror image
        share = ops.where(self.logits > 0, 1 - noise, noise)
        draw = ops.clip(-ops.log1p(share * ops.expm1(-size)) / size, 0, 1)
        return ops.where(self.logits > 0, 1 - draw, draw)

    def _halves(self) -> tuple[Tensor, Tensor, Tensor]:
        """h near 0, for Taylor series; where that is; h elsewhere: no NaN in either gradient."""
        half = 0.5 * self.logits
        near = ops.abs(half) < 0.5
        return ops.where(near, half, 0.0), near, ops.where(near, 1.0, half)


@dataclass(frozen=True)
class LogisticMixture:
    """Independent levels k / 255, k = 0 to 255, each from a mixture of logistic distributions.

    A level has the mass between its neighbours' midpoints; the first and the last have the tails.

    Attributes:
        logits: (..., *event_shape, components); log weights of the components up to a constant.
        means: same shape, in units of x.
        log_scales: same shape; log of s, in units of x, kept softly between -7.7 and 4.
        event_ndim: how many of the last axes of x are one draw; densities sum over them.
        weights: of each variable in the densities, 0 to leave it out; broadcasts against x.

    Source: Salimans et al. 2017 (PixelCNN++), section 2.1, here without autoregression.
    """

    logits: Tensor
    means: Tensor
    log_scales: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """E[clip(X, 0, 1)] of the mixture before it is rounded to levels."""
        scales = ops.exp(self._log_scales())
        clipped = scales * (
            ops.softplus(self.means / scales) - ops.softplus((self.means - 1) / scales)
        )
        return ops.sum(ops.softmax(self.logits, axis=-1) * clipped, axis=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of the levels, nats, summed over the event axes."""
        value, log_scales = value[..., None], self._log_scales()
        precision = ops.exp(-log_scales)
        upper = (value + _HALF_LEVEL - self.means) * precision
        lower = (value - _HALF_LEVEL - self.means) * precision
        # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b)), exact in the tails too
        log_below, log_above = ops.log_sigmoid(upper), ops.log_sigmoid(-lower)
        log_between = log_below + log_above + ops.log(-ops.expm1(-2 * _HALF_LEVEL * precision))
        log_mass = ops.where(value > 1 - _HALF_LEVEL, log_above, log_between)
        log_mass = ops.where(value < _HALF_LEVEL, log_below, log_mass)
        log_prob = ops.logsumexp(ops.log_softmax(self.logits, axis=-1) + log_mass, axis=-1)
        return _sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The levels that uniform noise in [0, 1) of the shape of x stands for.

        Its place among the cumulated weights is the component, its place within that one's share
        the logistic draw.
        """
        shares = ops.softmax(self.logits, axis=-1)
        cumulated = ops.cumsum(shares, axis=-1)
        noise = noise[..., None]
        chosen = ops.sum(ops.cast(noise >= cumulated[..., :-1], "int32"), axis=-1)
        chosen = ops.one_hot(chosen, self.logits.shape[-1], dtype="float32")

        def of_chosen(values: Tensor) -> Tensor:
            return ops.sum(chosen * values, axis=-1)

        rest = of_chosen(noise - cumulated + shares) / of_chosen(shares)
        rest = ops.clip(rest, 2**-24, 1 - 2**-24)
        logistic = ops.log(rest) - ops.log1p(-rest)
        draw = of_chosen(self.means) + ops.exp(of_chosen(self._log_scales())) * logistic
        return ops.round(255 * ops.clip(draw, 0, 1)) / 255

    def _log_scales(self) -> Tensor:
        """Within their bounds."""
        least, most = _LOG_SCALE_BOUNDS
        return soft_ceiling(soft_floor(self.log_scales, least), most)


@dataclass(frozen=True)
class Poisson:
    """Independent counts, from the logarithms of their rates.

    Attributes:
        log_rate: (..., *event_shape); kept softly below 30.
        event_ndim: how many of the last axes are one draw; densities sum over them.
        weights: of each variable in the densities, 0 to leave it out; broadcasts against log_rate.
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

        -k (exp(-r) - 1 + r) - (log k! - k log k + k), r = log(k / rate): no difference of large
        numbers where k and the rate agree.

        Source: Loader 2000 (saddle-point form).
        """
        at_least_one = ops.maximum(value, 1.0)
        ratio = ops.log(at_least_one) - self._log_rate()
        near = ops.abs(ratio) < 0.2
        r = ops.where(near, ratio, 0.0)
        taylor = r**2 * (1 / 2 - r * (1 / 6 - r * (1 / 24 - r * (1 / 120 - r / 720))))
        deviance = value * ops.where(near, taylor, ops.expm1(-ratio) + ratio)
        # of no count the deviance is the rate alone
        deviance = ops.where(value < 0.5, self.mean, deviance)
        log_prob = -deviance - _log_factorial_excess(value)
        return _sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The counts, float32, that uniform noise in [0, 1) stands for.

        The inverse of the CDF, up to float32's rounding of its sums, for rates below 16; beyond,
        its Cornish-Fisher expansion, the wrong neighbour for a share of 1e-4 at most.

        Source: Giles 2016 (Algorithm 955), section 2, for the expansion.
        """
        rate = self.mean
        small = ops.minimum(rate, _TABLE_RATE)
        probability = ops.exp(-small)
        cumulated, count = probability, ops.zeros_like(probability + noise)
        for k in range(1, _TABLE_SIZE):
            # probabilities below the noise's resolution end the sum: it may round to below one
            beyond = (noise >= cumulated) & (probability > 1e-8)
            count = count + ops.cast(beyond, "float32")
            probability = probability * small / k
            cumulated = cumulated + probability
        z, large = _normal_quantile(noise), ops.maximum(rate, _TABLE_RATE)
        scale = ops.sqrt(large)
        quantile = large + scale * z + 1 / 3 + z**2 / 6 - (z / 36 + z**3 / 72) / scale
        quantile = quantile + (z**4 / 270 + 7 * z**2 / 810 - 8 / 405) / large
        return ops.where(rate < _TABLE_RATE, count, ops.floor(quantile))

    def _log_rate(self) -> Tensor:
        """Below its bound."""
        return soft_ceiling(self.log_rate, MOST_LOG_RATE)


@dataclass(frozen=True)
class Columns:
    """Independent distributions side by side on the last axis: the columns of a table.

    Attributes:
        parts: each of them over its columns, (..., *event_shape[:-1], number of its columns); their
            own event_ndim and weights are not read.
        event_ndim: how many of the last axes are one draw; densities sum over them.
        weights: of each column in the densities, 0 to leave it out; broadcasts against x.
    """

    parts: tuple[Normal | Categorical | Poisson, ...]
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """The parts' means, side by side."""
        return ops.concatenate([part.mean for part in self.parts], axis=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Sum of the parts' log-densities, nats, over the event axes."""
        parts = zip(self.parts, self._split(value), self._split(self.weights), strict=True)
        log_probs = [
            replace(part, event_ndim=self.event_ndim, weights=weights).log_prob(values)
            for part, values, weights in parts
        ]
        return sum(log_probs[1:], start=log_probs[0])

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that uniform noise in [0, 1) of the shape of x stands for."""
        draws = [
            part.transform(_normal_quantile(share) if part.noise == "normal" else share)
            for part, share in zip(self.parts, self._split(noise), strict=True)
        ]
        return ops.concatenate(draws, axis=-1)

    def _split(self, values: Tensor) -> list[Tensor]:
        """The parts' columns of values; one for all columns is that for each part."""
        sizes = [int(part.mean.shape[-1]) for part in self.parts]
        shape = getattr(values, "shape", ())
        if not shape or (shape[-1] == 1 and sum(sizes) > 1):
            return [values] * len(sizes)
        ends = np.cumsum(sizes)
        return [values[..., end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _log_factorial_excess(counts: Tensor) -> Tensor:
    """log k! - k log k + k: from a table, or by Stirling's series."""
    few = ops.take(_LOG_FACTORIALS, ops.cast(ops.clip(counts, 0, 15), "int32"))
    many = ops.maximum(counts, 16.0)
    series = 0.5 * (_LOG_2PI + ops.log(many)) + 1 / (12 * many) - 1 / (360 * many**3)
    return ops.where(counts < 16, few, series)


def kl_divergence(posterior: Normal, prior: Normal) -> Tensor:
    """KL divergence from posterior to prior: what z says about x beyond y.

    KL(q(z|x,y) || p(z|y)), summed over latent dimensions, in closed form.

    Args:
        posterior: q(z|x,y); `mean` and `logvar` of shape (batch, latent_dim).
        prior: p(z|y); same shapes, or shapes that broadcast.

    Returns:
        (batch,) nats, non-negative.

    Source: Kingma & Welling 2014, appendix B.
    """
    return _sum_event(kl_by_dimension(posterior, prior), posterior.event_ndim)


def kl_by_dimension(posterior: Normal, prior: Normal) -> Tensor:
    """The terms of `kl_divergence`, (batch, latent_dim) nats, each non-negative."""
    log_ratio = posterior.logvar - prior.logvar
    squared = ops.square(posterior.mean - prior.mean) * ops.exp(-prior.logvar)
    # expm1 keeps precision where posterior and prior nearly agree
    return 0.5 * (ops.expm1(log_ratio) - log_ratio + squared)
