"""Binary variables."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from keras import ops

from condvae.distributions.event import Tensor, flatten_event


@dataclass(frozen=True)
class Bernoulli:
    """Independent binary variables, parametrised by their logits.

    Attributes:
        logits: (..., *event_shape); log p / (1 - p).
        event_ndim: number of trailing axes that form one draw; densities sum over them.
        weights: weight of each variable in the densities, 0 to omit it; broadcasts against logits.
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

        value * log p + (1 - value) * log(1 - p), computed from the logits, so that it is exact
        where p rounds to 0 or 1. A grey value in [0, 1] gives the cross-entropy, as in the VAE
        literature, which is not a normalised density (use `pixels="dynamic"` for one).
        """
        value, logits, weights = (
            flatten_event(values, value.shape[-self.event_ndim :])
            for values in (value, self.logits, self.weights)
        )
        size = ops.abs(logits)
        # softplus(l) = (l + |l|) / 2 + log(1 + exp(-|l|)); ops.softplus is half as fast
        log_prob = (value - 0.5) * logits - 0.5 * size - ops.log1p(ops.exp(-size))
        return ops.sum(weights * log_prob, axis=-1)

    def transform(self, noise: Tensor) -> Tensor:
        """The draw, 0 or 1 in float32, that corresponds to uniform noise in [0, 1)."""
        return ops.cast(noise < self.mean, "float32")
