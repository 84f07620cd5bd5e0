"""Real numbers with a normal distribution."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from condvae.likelihoods.base import Array, Likelihood, Tensor

# Lower bound of a learned standard deviation, in units of x, which limits the density to 40 per
# unit.
LEAST_SCALE = 0.01


@dataclass(frozen=True)
class NormalLikelihood(Likelihood):
    """x_params are means, or means followed, on the last axis, by logarithms of variances.

    Attributes:
        scale: the standard deviation, in units of x, if fixed; or "learned", one for all of x, or
            "per_dimension": these are in x_params, appended by a `LearnedScale`, and the variance
            is exp(logvar) + LEAST_SCALE².
    """

    scale: float | Literal["learned", "per_dimension"] = 1.0
    name: ClassVar[str] = "normal"
    settings: ClassVar[tuple[str, ...]] = ("scale",)
    noise: ClassVar[str] = "normal"
    x_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    of_density: ClassVar[bool] = True

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """The words for the comparability line."""
        scale = spec.model.scale
        scale = scale if isinstance(scale, str) else f"{scale:g}"
        return f"pixels as real numbers, normal with scale {scale} (a density)"

    @property
    def _per_value(self) -> int:
        """A mean, and a variance if it is learned."""
        return 2 if isinstance(self.scale, str) else 1

    def variance_of(self, x_mean: Array) -> float | None:
        """The square of a fixed scale."""
        return None if isinstance(self.scale, str) else self.scale**2

    def params_of_moments(self, x_mean: Array, x_variance: Array) -> Array:
        """The means, and the logarithms of variances if they are learned."""
        import numpy as np

        if not isinstance(self.scale, str):
            return self.params_of(x_mean)
        if self.scale == "learned":
            x_variance = np.full_like(x_variance, np.mean(x_variance))
        # the likelihood adds its smallest variance
        logvar = np.log(np.maximum(x_variance - LEAST_SCALE**2, LEAST_SCALE**4))
        return np.concatenate([x_mean, logvar], axis=-1)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image."""
        from keras import ops

        from condvae.distributions.bounds import soft_floor
        from condvae.distributions.normal import Normal

        event_ndim = len(x_params.shape) - 1
        if isinstance(self.scale, str):
            mean, logvar = ops.split(x_params, 2, axis=-1)
            logvar = soft_floor(logvar, 2 * math.log(LEAST_SCALE))
            return Normal(mean, logvar, event_ndim, weights)
        logvar = ops.full_like(x_params, 2 * math.log(self.scale))
        return Normal(x_params, logvar, event_ndim, weights)

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """The means, without the logarithms of variances that follow them."""
        return trace.first_half("x_mean", x_params) if self._per_value == 2 else x_params
