"""Counts with a larger variance than Poisson's."""

from dataclasses import dataclass
from typing import Any, ClassVar

from condvae.likelihoods.base import Array, Tensor, log_shares
from condvae.likelihoods.counts import CountsLikelihood, trace_rate


@dataclass(frozen=True)
class NegativeBinomialLikelihood(CountsLikelihood):
    """x_params are logarithms of means followed, on the last axis, by logarithms of dispersions.

    x are counts, as stored; their variance is mean + mean² / dispersion.
    """

    name: ClassVar[str] = "negative_binomial"

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """The words for the comparability line."""
        return "counts, negative binomial (a probability)"

    @property
    def _per_value(self) -> int:
        """A mean, and its dispersion."""
        return 2

    def params_of(self, x_mean: Array) -> Array:
        """Logarithms of the means, which stay finite if all counts are 0; dispersions of 1."""
        import numpy as np

        log_mean = log_shares(x_mean)
        return np.concatenate([log_mean, np.zeros_like(log_mean)], axis=-1)

    def params_of_moments(self, x_mean: Array, x_variance: Array) -> Array:
        """Logarithms of means, and dispersions mean² / (variance - mean), large if that is <= 0."""
        import numpy as np

        excess = np.maximum(x_variance - x_mean, 1e-6)
        dispersion = np.clip(np.square(x_mean) / excess, 1e-3, 1e4)
        return np.concatenate([log_shares(x_mean), np.log(dispersion)], axis=-1)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image of counts."""
        from keras import ops

        from condvae.distributions.negative_binomial import NegativeBinomial

        log_mean, log_dispersion = ops.split(x_params, 2, axis=-1)
        return NegativeBinomial(log_mean, log_dispersion, len(x_params.shape) - 1, weights)

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """The expected count."""
        return trace_rate(trace, trace.first_half("x_mean/log_mean", x_params))
