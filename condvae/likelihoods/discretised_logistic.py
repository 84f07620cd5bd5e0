"""The 256 levels of 8-bit pixels, with channels predicted one after another."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from condvae.likelihoods.base import Array, Tensor
from condvae.likelihoods.levels import LevelsLikelihood

CENTRE, LOG_SCALE = 0.5, math.log(0.1)  # at x_params = 0
# The loss is more sensitive to means than to log scales. An optimizer step changes all weights by
# the same amount, so means and slopes are scaled down to move less.
UNIT = 0.1
LEAST_SCALE = 1 / 255


@dataclass(frozen=True)
class DiscretisedLogisticLikelihood(LevelsLikelihood):
    """x_params are, on the last axis, means, log scales and slopes; x are levels k / 255.

    See `distributions.DiscretisedLogistic`; zeros stand for a mean of 1/2 and a scale of 1/10.
    """

    name: ClassVar[str] = "discretised_logistic"
    inverts: ClassVar[bool] = True

    def params_shape(self, x_shape: Any) -> tuple[int, ...]:
        """See `Likelihood`: for colours, 3 means, 3 log scales and 3 slopes."""
        channels = x_shape[-1]
        return (*x_shape[:-1], 2 * channels + channels * (channels - 1) // 2)

    def x_shape(self, params_shape: Any) -> tuple[int, ...]:
        """The inverse: channels² + 3 channels is twice the parameters."""
        return (*params_shape[:-1], (math.isqrt(9 + 8 * params_shape[-1]) - 3) // 2)

    def params_of(self, x_mean: Array) -> Array:
        """The means, with scale and slope parameters of zero, see above."""
        import numpy as np

        x_mean = np.asarray(x_mean)
        params = np.zeros(self.params_shape(x_mean.shape))
        params[..., : x_mean.shape[-1]] = (x_mean - CENTRE) / UNIT
        return params

    def params_of_moments(self, x_mean: Array, x_variance: Array) -> Array:
        """See `Likelihood`: the variance of a logistic distribution is (pi s)^2 / 3."""
        import numpy as np

        params, channels = self.params_of(x_mean), x_mean.shape[-1]
        scales = np.maximum(LEAST_SCALE, np.sqrt(3 * x_variance) / math.pi)
        params[..., channels : 2 * channels] = np.log(scales) - LOG_SCALE
        return params

    def first_params(self, x_mean: Array, rest: Array) -> Array:
        """See `Likelihood`: one scale per channel, and its slopes on the channels before it."""
        import numpy as np

        channels = x_mean.shape[-1]
        rest, slopes = rest.reshape(-1, channels).astype("float64"), []
        own = rest.copy()
        for channel in range(1, channels):
            known = rest[:, :channel]
            slopes += [np.linalg.lstsq(known, rest[:, channel], rcond=None)[0]]
            own[:, channel] -= known @ slopes[-1]
        # from the mean absolute deviation, 2 s log 2, which is robust to single pixels
        scales = np.abs(own).mean(axis=0) / (2 * math.log(2))
        params = self.params_of_moments(x_mean, (math.pi * scales) ** 2 / 3)
        if slopes:
            params[..., 2 * channels :] = np.concatenate(slopes) / UNIT
        return params

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image."""
        from condvae.distributions.discretised_logistic import DiscretisedLogistic

        channels = self.x_shape(x_params.shape)[-1]
        means, log_scales = x_params[..., :channels], x_params[..., channels : 2 * channels]
        return DiscretisedLogistic(
            UNIT * means + CENTRE,
            log_scales + LOG_SCALE,
            UNIT * x_params[..., 2 * channels :],
            len(x_params.shape) - 1,
            weights,
        )

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """The means, clipped to [0, 1]."""
        channels = self.x_shape(trace.shape(x_params))[-1]
        means = trace.slice("x_means", x_params, slice(0, channels))
        # min(max(m, 0), 1), using the only such function that graphs have
        above = trace.apply("relu", "x_above", trace.affine("x_centred", means, UNIT, CENTRE))
        below = trace.apply("relu", "x_below", trace.affine("x_turned", above, -1.0, 1.0))
        return trace.affine("x_mean", below, -1.0, 1.0)
