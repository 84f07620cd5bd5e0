"""Counts whose variance equals their mean."""

from dataclasses import dataclass
from typing import Any, ClassVar

from condvae.likelihoods.base import Array, Tensor, log_shares
from condvae.likelihoods.counts import CountsLikelihood, trace_rate


@dataclass(frozen=True)
class PoissonLikelihood(CountsLikelihood):
    """x_params are logarithms of rates; x are counts, as stored."""

    name: ClassVar[str] = "poisson"

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """The words for the comparability line."""
        return "counts, Poisson (a probability)"

    def params_of(self, x_mean: Array) -> Array:
        """Logarithms of the means, which stay finite if all counts are 0."""
        return log_shares(x_mean)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image of counts."""
        from condvae.distributions.poisson import Poisson

        return Poisson(x_params, len(x_params.shape) - 1, weights)

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """The rate."""
        return trace_rate(trace, x_params)
