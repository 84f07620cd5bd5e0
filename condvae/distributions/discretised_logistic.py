"""The 256 levels of a pixel, with each channel conditional on those before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from keras import ops

from condvae.distributions.event import Tensor, sum_event
from condvae.distributions.levels import bounded, log_mass


@dataclass(frozen=True)
class DiscretisedLogistic:
    """Levels k / 255 of pixels: independent between pixels, a regression within each.

    The location of a channel is its mean plus, for each channel before it, a slope times the
    difference between that channel's level and mean: if the red of a pixel exceeds its expectation,
    its green mostly does too.

    Attributes:
        means: (..., channels) in units of x.
        log_scales: same shape; log of s, in units of x, kept softly between -7.7 and 4.
        slopes: (..., channels * (channels - 1) / 2): of channel 1 on 0, of 2 on 0 and on 1, ...
        event_ndim: number of trailing axes of x that form one draw; densities sum over them.
        weights: weight of each variable in the densities, 0 to omit it; broadcasts against x.

    Source: Salimans et al. 2017 (PixelCNN++), sections 2.1 and 2.2, here with one component and
    without the regression on other pixels.
    """

    means: Tensor
    log_scales: Tensor
    slopes: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """The means, clipped to [0, 1]: the expectation, apart from the clipping of levels."""
        return ops.clip(self.means, 0, 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of the levels, nats, summed over the event axes."""
        excess = value - self.means
        shift = ops.stack([before(excess, slopes) for slopes in self._rows()], axis=-1)
        log_prob = log_mass(value, self.means + shift, bounded(self.log_scales))
        return sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The levels that correspond to uniform noise in [0, 1) of the shape of x."""
        noise = ops.clip(noise, 2**-24, 1 - 2**-24)  # 0 has an infinite logit
        logistic = ops.exp(bounded(self.log_scales)) * (ops.log(noise) - ops.log1p(-noise))
        levels: list[Tensor] = []
        for channel, slopes in enumerate(self._rows()):
            mean = self.means[..., channel]
            known = ops.stack(levels, axis=-1) - self.means[..., :channel] if levels else self.means
            draw = mean + before(known, slopes) + logistic[..., channel]
            levels.append(ops.round(255 * ops.clip(draw, 0, 1)) / 255)
        return ops.stack(levels, axis=-1)

    def noise_of(self, value: Tensor) -> Tensor:
        """The uniform noise that gives levels (..., channels): the inverse of `transform`."""
        excess = value - self.means
        shift = ops.stack([before(excess, slopes) for slopes in self._rows()], axis=-1)
        return ops.sigmoid((excess - shift) / ops.exp(bounded(self.log_scales)))

    def _rows(self) -> Iterator[Tensor]:
        """The slopes of each channel, (..., channels before it)."""
        first = 0
        for channel in range(self.means.shape[-1]):
            yield self.slopes[..., first : first + channel]
            first += channel


def before(excess: Tensor, slopes: Tensor) -> Tensor:
    """The contribution of the preceding channels, (..., at least as many), to a location."""
    count = slopes.shape[-1]
    return (
        ops.sum(slopes * excess[..., :count], axis=-1) if count else ops.zeros_like(excess[..., 0])
    )
