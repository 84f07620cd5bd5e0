"""Pixels that are classes."""

from dataclasses import dataclass
from typing import Any, ClassVar

from condvae.likelihoods.base import Array, Data, Likelihood, Tensor, log_shares


@dataclass(frozen=True)
class CategoricalLikelihood(Likelihood):
    """x_params are logits of the classes of each pixel, the last axis; x is one-hot."""

    name: ClassVar[str] = "categorical"
    of_classes: ClassVar[bool] = True

    @classmethod
    def reason(cls, data: Data) -> str | None:
        """Select it for label maps."""
        return None if data.pixel_classes is None else "each pixel is one of several classes"

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """The words for the comparability line."""
        if names := preprocessing.pixel_classes:
            return f"label maps of the classes {', '.join(names)}"
        return "classes of pixels"

    def params_of(self, x_mean: Array) -> Array:
        """Logarithms of the classes' shares, which stay finite if a class is absent."""
        return log_shares(x_mean)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one label map."""
        from condvae.distributions.categorical import Categorical

        return Categorical(x_params, len(x_params.shape) - 1, weights)

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """Probabilities of the classes."""
        return trace.apply("softmax", "x_mean", x_params)
