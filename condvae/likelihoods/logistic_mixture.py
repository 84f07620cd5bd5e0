"""The 256 levels of 8-bit pixels."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from condvae.likelihoods.base import Array, Tensor
from condvae.likelihoods.levels import LevelsLikelihood


@dataclass(frozen=True)
class LogisticMixtureLikelihood(LevelsLikelihood):
    """x_params are 3 × components numbers per channel, one channel after another.

    First come the log weights of the components, then their means, then their log scales. Zeros are
    components of equal weight, spread evenly over [0, 1]; x are levels k / 255.
    """

    components: int = 5
    name: ClassVar[str] = "logistic_mixture"
    settings: ClassVar[tuple[str, ...]] = ("components",)
    draws_like_data: ClassVar[bool] = True

    @property
    def _per_value(self) -> int:
        """Weights, means and scales."""
        return 3 * self.components

    def params_of(self, x_mean: Array) -> Array:
        """The components shifted so that their centre is at x_mean instead of 1/2."""
        import numpy as np

        x_mean = np.asarray(x_mean)
        params = np.zeros((*x_mean.shape, 3, self.components))
        params[..., 1, :] = x_mean[..., None] - 0.5
        return params.reshape(self.params_shape(x_mean.shape))

    def params_of_moments(self, x_mean: Array, x_variance: Array) -> Array:
        """All components equal to one logistic with these moments, at least as wide as a level."""
        import numpy as np

        x_variance = np.maximum(x_variance, 1 / (12 * 255**2))
        centres = (np.arange(self.components) + 0.5) / self.components
        params = np.zeros((*np.shape(x_mean), 3, self.components))
        params[..., 1, :] = np.asarray(x_mean)[..., None] - centres
        # the variance of a logistic is (pi s)² / 3
        log_scales = np.log(np.sqrt(3 * x_variance) / np.pi)[..., None]
        params[..., 2, :] = log_scales + math.log(2 * self.components)
        return params.reshape(self.params_shape(np.shape(x_mean)))

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image."""
        import numpy as np
        from keras import ops

        from condvae.distributions.logistic_mixture import LogisticMixture

        x_shape = self.x_shape(x_params.shape[1:])
        split = ops.reshape(x_params, (-1, *x_shape, 3, self.components))
        centres = (np.arange(self.components, dtype="float32") + 0.5) / self.components
        return LogisticMixture(
            split[..., 0, :],
            split[..., 1, :] + centres,
            split[..., 2, :] - math.log(2 * self.components),
            len(x_shape),
            weights,
        )
