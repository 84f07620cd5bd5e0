"""Distributions as values: parameters in, log-densities in nats out."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from keras import ops, random

Tensor = Any

_LOG_2PI = math.log(2 * math.pi)


def _sum_event(values: Tensor, event_ndim: int) -> Tensor:
    """Sum over the last event_ndim axes."""
    return ops.sum(values, axis=tuple(range(-event_ndim, 0)))


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
        squared = ops.square(value - self.mean) * ops.exp(-self.logvar)
        log_prob = -0.5 * (squared + self.logvar + _LOG_2PI)
        return _sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that standard normal noise of the same shape stands for."""
        return self.mean + ops.exp(0.5 * self.logvar) * noise

    def sample(self, seed: Any) -> Tensor:
        """One draw, differentiable in mean and logvar; seed: an int or a SeedGenerator."""
        return self.transform(random.normal(ops.shape(self.mean), seed=seed, dtype="float32"))


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
        log_prob = value * self.logits - ops.softplus(self.logits)
        return _sum_event(self.weights * log_prob, self.event_ndim)

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
    log_ratio = posterior.logvar - prior.logvar
    squared = ops.square(posterior.mean - prior.mean) * ops.exp(-prior.logvar)
    # expm1 keeps precision where posterior and prior nearly agree
    return 0.5 * _sum_event(ops.expm1(log_ratio) - log_ratio + squared, posterior.event_ndim)
