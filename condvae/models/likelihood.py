"""Likelihoods: from the decoder's output to a distribution over x."""

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol, Self

import keras
from keras import ops

from condvae.distributions import Bernoulli, Categorical, Normal

Tensor = Any


class Likelihood(Protocol):
    """p(x | z, y) from x_params (batch, *image_shape); a value, not a layer."""

    noise: ClassVar[str]  # "normal" or "uniform": what a draw of x is made from
    x_range: ClassVar[tuple[float, float]]
    of_classes: ClassVar[bool]  # whether each pixel is a class, and x_params has a channel for each

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Bernoulli | Categorical | Normal:
        """The distribution whose event is one image; weights: of its pixels, 0 leaves one out."""
        ...


class _Serializable:
    """A frozen dataclass as Keras stores it: its fields."""

    def get_config(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The inverse of `get_config`."""
        return cls(**config)


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class BernoulliLikelihood(_Serializable):
    """x_params are logits; x lies in [0, 1]."""

    noise: ClassVar[str] = Bernoulli.noise
    x_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    of_classes: ClassVar[bool] = False

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Bernoulli:
        """The distribution whose event is one image."""
        return Bernoulli(x_params, len(x_params.shape) - 1, weights)


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class NormalLikelihood(_Serializable):
    """x_params are means; the standard deviation `scale` is fixed, in units of x."""

    scale: float = 1.0
    noise: ClassVar[str] = Normal.noise
    x_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    of_classes: ClassVar[bool] = False

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Normal:
        """The distribution whose event is one image."""
        logvar = ops.full_like(x_params, 2 * math.log(self.scale))
        return Normal(x_params, logvar, len(x_params.shape) - 1, weights)


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class CategoricalLikelihood(_Serializable):
    """x_params are logits of the classes of each pixel, the last axis; x is one-hot."""

    noise: ClassVar[str] = Categorical.noise
    x_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    of_classes: ClassVar[bool] = True

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Categorical:
        """The distribution whose event is one label map."""
        return Categorical(x_params, len(x_params.shape) - 1, weights)
