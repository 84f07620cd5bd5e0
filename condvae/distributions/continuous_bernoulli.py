"""Numbers between 0 and 1."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from keras import ops

from condvae.distributions.event import Tensor, sum_event


@dataclass(frozen=True)
class ContinuousBernoulli:
    """Independent numbers in [0, 1] with a density proportional to exp(logits * x).

    Attributes:
        logits: (..., *event_shape); the mean increases with them, and is 1/2 at 0.
        event_ndim: number of trailing axes that form one draw; densities sum over them.
        weights: weight of each variable in the densities, 0 to omit it; broadcasts against logits.

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
            # log(sinh h / h) without the overflow of sinh
            near,
            taylor,
            size + ops.log1p(-ops.exp(-2 * size)) - ops.log(2 * size),
        )
        log_prob = (value - 0.5) * self.logits - log_normaliser
        return sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The draw that corresponds to uniform noise in [0, 1), by the inverse CDF."""
        # for logits of 0 the draw is the noise itself, the limit of the quotient
        size = ops.maximum(ops.abs(self.logits), 1e-6)
        # the inverse for logits of -size; positive logits are the mirror image
        share = ops.where(self.logits > 0, 1 - noise, noise)
        draw = ops.clip(-ops.log1p(share * ops.expm1(-size)) / size, 0, 1)
        return ops.where(self.logits > 0, 1 - draw, draw)

    def _halves(self) -> tuple[Tensor, Tensor, Tensor]:
        """h near 0 for the series, where that is, h elsewhere: no NaN in either gradient."""
        half = 0.5 * self.logits
        near = ops.abs(half) < 0.5
        return ops.where(near, half, 0.0), near, ops.where(near, 1.0, half)
