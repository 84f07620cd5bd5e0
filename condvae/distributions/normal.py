"""Normal variables, and the KL divergence of two of them."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from keras import ops, random

from condvae.distributions.event import Tensor, flatten_event

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Normal:
    """Independent normal variables.

    Attributes:
        mean: (..., *event_shape).
        logvar: natural logarithm of the variance; broadcasts against mean.
        event_ndim: number of trailing axes that form one draw; densities sum over them.
        weights: weight of each variable in the densities, 0 to omit it; broadcasts against mean.
    """

    mean: Tensor
    logvar: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "normal"

    def log_prob(self, value: Tensor) -> Tensor:
        """log N(value; mean, exp(logvar)), nats, summed over the event axes."""
        value, mean, logvar, weights = (
            flatten_event(values, value.shape[-self.event_ndim :])
            for values in (value, self.mean, self.logvar, self.weights)
        )
        log_prob = -0.5 * (ops.square(value - mean) * ops.exp(-logvar) + logvar + LOG_2PI)
        return ops.sum(weights * log_prob, axis=-1)

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that corresponds to standard normal noise of the same shape."""
        return self.mean + ops.exp(0.5 * self.logvar) * noise

    def sample(self, seed: Any) -> Tensor:
        """One draw, differentiable in mean and logvar; seed: an int or a SeedGenerator."""
        return self.transform(random.normal(ops.shape(self.mean), seed=seed, dtype="float32"))

    def per_sample(self) -> "Normal":
        """The same, (batch, 1, dim): for several draws of each row, (batch, num_samples, dim)."""
        return Normal(self.mean[:, None], self.logvar[:, None])

    def held(self) -> "Normal":
        """The same distribution without gradients to mean and logvar."""
        return Normal(ops.stop_gradient(self.mean), ops.stop_gradient(self.logvar))


def kl_by_dimension(posterior: Normal, prior: Normal) -> Tensor:
    """KL divergence from posterior to prior by latent dimension: what z adds about x given y.

    Their sum is KL(q(z|x,y) || p(z|y)), in closed form. `objectives.divergence` has the KL that
    objectives use, also for priors without a closed form.

    Args:
        posterior: q(z|x,y); `mean` and `logvar` of shape (batch, latent_dim).
        prior: p(z|y); same shapes, or shapes that broadcast.

    Returns:
        (batch, latent_dim) nats, each non-negative.

    Source: Kingma & Welling 2014, appendix B.
    """
    log_ratio = posterior.logvar - prior.logvar
    # the squared distance of the means in standard deviations of the prior
    squared = ops.square(posterior.mean - prior.mean) * ops.exp(-prior.logvar)
    # expm1 keeps precision where posterior and prior nearly agree
    return 0.5 * (ops.expm1(log_ratio) - log_ratio + squared)


def normal_quantile(uniform: Tensor) -> Tensor:
    """The quantile of the standard normal distribution, limited to ±5.3."""
    centred = ops.clip(2 * uniform - 1, -1 + 2**-23, 1 - 2**-23)
    return math.sqrt(2) * ops.erfinv(centred)
