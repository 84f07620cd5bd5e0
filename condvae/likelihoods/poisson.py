"""Counts whose variance is their mean."""

from dataclasses import dataclass
from typing import Any, ClassVar

from condvae.likelihoods.base import Array, Tensor, log_shares
from condvae.likelihoods.counts import CountsLikelihood, trace_rate


@dataclass(frozen=True)
class PoissonLikelihood(CountsLikelihood):
    """x_params are logarithms of rates; x are counts, as they are stored."""

    name: ClassVar[str] = "poisson"

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """For the comparability line."""
        return "counts, Poisson (a probability)"

    def params_of(self, x_mean: Array) -> Array:
        """Log of the means, kept finite where nothing is counted."""
        return log_shares(x_mean)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image of counts."""
        from condvae.distributions.poisson import Poisson

        return Poisson(x_params, len(x_params.shape) - 1, weights)

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """The rate."""
        return trace_rate(trace, x_params)
