"""Pixels that are zeros and ones, or probabilities of a one."""

from dataclasses import dataclass
from typing import Any, ClassVar

from condvae.likelihoods.base import Array, Data, Likelihood, Tensor, inside


@dataclass(frozen=True)
class BernoulliLikelihood(Likelihood):
    """x_params are logits; x lies in [0, 1]."""

    name: ClassVar[str] = "bernoulli"
    of_logits: ClassVar[bool] = True
    of_bits: ClassVar[bool] = True
    settings: ClassVar[tuple[str, ...]] = ("pixels", "coarse_weight")

    @classmethod
    def reason(cls, data: Data) -> str | None:
        """Accept all images, even values outside [0, 1], which are refused later with advice."""
        if data.table is not None or data.pixel_classes is not None:
            return None
        if data.x_max == 1 and data.x.dtype == "uint8":
            return "pixels are zeros and ones"
        return (
            "pixels are grey levels, each the probability of a one; continuous_bernoulli or "
            "logistic_mixture would give them a density"
        )

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """The words for the comparability line."""
        if spec.model.pixels == "dynamic":
            return "pixels binarised anew at each draw"
        if "binary" in preprocessing.assumption:
            return "binary pixels as they are"
        return "grey pixels as Bernoulli targets (no normalised density)"

    @classmethod
    def loss_of_means(cls, x: Array, x_mean: Array) -> Array:
        """Cross-entropy, with means clipped away from 0 and 1."""
        import numpy as np

        p = inside(x_mean)
        return -(x * np.log(p) + (1 - x) * np.log1p(-p)).sum(axis=tuple(range(1, x.ndim)))

    def params_of(self, x_mean: Array) -> Array:
        """Log-odds, which stay finite for pixels that are always off or on."""
        import numpy as np

        x_mean = inside(x_mean)
        return np.log(x_mean) - np.log1p(-x_mean)

    def variance_of(self, x_mean: Array) -> Array:
        """Variance of zeros and ones."""
        return x_mean * (1 - x_mean)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image."""
        from condvae.distributions.bernoulli import Bernoulli

        return Bernoulli(x_params, len(x_params.shape) - 1, weights)

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """Probability of one."""
        return trace.apply("sigmoid", "x_mean", x_params)
