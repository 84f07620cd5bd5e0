"""The 256 levels of a pixel."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from keras import ops

from condvae.distributions.event import Tensor, sum_event
from condvae.distributions.levels import bounded, log_mass


@dataclass(frozen=True)
class LogisticMixture:
    """Independent levels k / 255, k = 0 to 255, each from a mixture of logistic distributions.

    Attributes:
        logits: (..., *event_shape, components); log weights of the components up to a constant.
        means: same shape, in units of x.
        log_scales: same shape; log of s, in units of x, kept softly between -7.7 and 4.
        event_ndim: number of trailing axes of x that form one draw; densities sum over them.
        weights: weight of each variable in the densities, 0 to omit it; broadcasts against x.

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
        """E[clip(X, 0, 1)] of the mixture before rounding to levels."""
        scales = ops.exp(bounded(self.log_scales))
        clipped = scales * (
            ops.softplus(self.means / scales) - ops.softplus((self.means - 1) / scales)
        )
        return ops.sum(ops.softmax(self.logits, axis=-1) * clipped, axis=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of the levels, nats, summed over the event axes."""
        mass = log_mass(value[..., None], self.means, bounded(self.log_scales))
        log_prob = ops.logsumexp(ops.log_softmax(self.logits, axis=-1) + mass, axis=-1)
        return sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The levels that correspond to uniform noise in [0, 1) of the shape of x.

        The noise's position among the cumulative weights selects the component, and its position
        within that component's interval gives the logistic draw.
        """
        shares = ops.softmax(self.logits, axis=-1)
        cumulated = ops.cumsum(shares, axis=-1)
        noise = noise[..., None]
        chosen = ops.sum(ops.cast(noise >= cumulated[..., :-1], "int32"), axis=-1)
        chosen = ops.one_hot(chosen, self.logits.shape[-1], dtype="float32")

        def of_chosen(values: Tensor) -> Tensor:
            return ops.sum(chosen * values, axis=-1)

        # the noise's position within the chosen component's interval, which is uniform again
        rest = of_chosen(noise - cumulated + shares) / of_chosen(shares)
        # rounding may give 0 or 1, where the logit is infinite
        rest = ops.clip(rest, 2**-24, 1 - 2**-24)
        logistic = ops.log(rest) - ops.log1p(-rest)
        draw = of_chosen(self.means) + ops.exp(of_chosen(bounded(self.log_scales))) * logistic
        return ops.round(255 * ops.clip(draw, 0, 1)) / 255
