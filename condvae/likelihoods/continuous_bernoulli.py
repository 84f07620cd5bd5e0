"""Pixels in [0, 1] with a density."""

from dataclasses import dataclass
from typing import Any, ClassVar

from condvae.likelihoods.base import Array, Likelihood, Tensor, inside


@dataclass(frozen=True)
class ContinuousBernoulliLikelihood(Likelihood):
    """x_params are logits; x lies in [0, 1], and the density is normalised."""

    name: ClassVar[str] = "continuous_bernoulli"
    of_logits: ClassVar[bool] = True
    of_density: ClassVar[bool] = True

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """The words for the comparability line."""
        return "pixels in [0, 1], continuous Bernoulli (a density)"

    def params_of(self, x_mean: Array) -> Array:
        """Logits for these means, to 5 %; see Cohen 1991 on the inverse of Langevin's function."""
        centred = 2 * inside(x_mean) - 1
        return 2 * centred * (3 - centred**2) / (1 - centred**2)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image."""
        from condvae.distributions.continuous_bernoulli import ContinuousBernoulli

        return ContinuousBernoulli(x_params, len(x_params.shape) - 1, weights)

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """1/2 + (coth h - 1 / h) / 2, h = logits / 2."""
        half = trace.affine("x_mean/half", x_params, factor=0.5)
        langevin = trace.apply("langevin", "x_mean", half)
        return trace.affine("x_mean", langevin, factor=0.5, offset=0.5)
