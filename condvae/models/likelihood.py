"""Likelihoods: from the decoder's output to a distribution over x."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Protocol, Self

import keras
import numpy as np
from keras import ops

from condvae.checks import InputError, check_choice
from condvae.distributions import (
    Bernoulli,
    Categorical,
    Columns,
    ContinuousBernoulli,
    LogisticMixture,
    Normal,
    Poisson,
    soft_floor,
)

Tensor = Any
Distribution = (
    Normal | Bernoulli | Categorical | ContinuousBernoulli | LogisticMixture | Poisson | Columns
)

# Of a learned standard deviation, in units of x: no density above 40 a unit, however exact a guess.
LEAST_SCALE = 0.01
# Parameters of a column of a table by its kind.
COLUMN_PARAMS = {"normal": 2, "categorical": 1, "poisson": 1}


class Likelihood(Protocol):
    """p(x | z, y) from x_params (batch, *params_shape(image_shape)); a value, not a layer."""

    noise: ClassVar[str]  # "normal" or "uniform": what a draw of x is made from
    x_range: ClassVar[tuple[float, float]]
    of_classes: ClassVar[bool]  # whether each pixel is a class, and x_params has a channel for each
    as_stored: ClassVar[bool]  # whether integers are taken as they are, not divided by x_max

    @property
    def link(self) -> str:
        """The Keras activation that brings any numbers into the range of x."""
        ...

    def params_shape(self, x_shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of x_params for x of that shape, both without the batch."""
        ...

    def x_shape(self, params_shape: Sequence[int]) -> tuple[int, ...]:
        """The inverse of `params_shape`, where there is one."""
        ...

    def params_of(self, x_mean: np.ndarray) -> np.ndarray:
        """What the decoder writes where it expects about x_mean, (*x_shape,) in units of x.

        A learned scale, which it does not write, is left out.
        """
        ...

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Distribution:
        """The distribution whose event is one image; weights: of its pixels, 0 leaves one out."""
        ...

    def seen(self, x: Tensor) -> Tensor:
        """x, or expected x, as encoder and prior see it."""
        ...


class _Serializable:
    """A frozen dataclass as Keras stores it, its fields; one parameter for each number in x."""

    x_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    of_classes: ClassVar[bool] = False
    as_stored: ClassVar[bool] = False

    @property
    def _per_value(self) -> int:
        """Parameters for each number in x."""
        return 1

    @property
    def link(self) -> str:
        """The Keras activation that brings any numbers into the range of x."""
        if self.of_classes:
            return "softmax"
        return {(0.0, 1.0): "sigmoid", (0.0, math.inf): "softplus"}.get(self.x_range, "linear")

    def params_shape(self, x_shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of x_params for x of that shape, both without the batch."""
        return (*x_shape[:-1], self._per_value * x_shape[-1])

    def x_shape(self, params_shape: Sequence[int]) -> tuple[int, ...]:
        """The inverse of `params_shape`, where there is one."""
        return (*params_shape[:-1], params_shape[-1] // self._per_value)

    def params_of(self, x_mean: np.ndarray) -> np.ndarray:
        """x_params are expected values."""
        return np.asarray(x_mean)

    def seen(self, x: Tensor) -> Tensor:
        """x as encoder and prior see it: as it is."""
        return x

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

    def params_of(self, x_mean: np.ndarray) -> np.ndarray:
        """Log-odds, kept finite where a pixel is always off or on."""
        x_mean = _inside(x_mean)
        return np.log(x_mean) - np.log1p(-x_mean)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Bernoulli:
        """The distribution whose event is one image."""
        return Bernoulli(x_params, len(x_params.shape) - 1, weights)


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class ContinuousBernoulliLikelihood(_Serializable):
    """x_params are logits; x lies in [0, 1], and the density is a normalised one."""

    noise: ClassVar[str] = ContinuousBernoulli.noise

    def params_of(self, x_mean: np.ndarray) -> np.ndarray:
        """Logits of these means to 5 %, see Cohen 1991 on the inverse of Langevin's function."""
        centred = 2 * _inside(x_mean) - 1
        return 2 * centred * (3 - centred**2) / (1 - centred**2)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> ContinuousBernoulli:
        """The distribution whose event is one image."""
        return ContinuousBernoulli(x_params, len(x_params.shape) - 1, weights)


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class NormalLikelihood(_Serializable):
    """x_params are means, or means and, behind them on the last axis, logarithms of variances.

    Attributes:
        scale: the standard deviation, in units of x, fixed; or "learned", one for all of x, or
            "per_dimension": these are in x_params, where a `LearnedScale` has put them, and
            exp(logvar) + LEAST_SCALE² is the variance.
    """

    scale: float | Literal["learned", "per_dimension"] = 1.0
    noise: ClassVar[str] = Normal.noise
    x_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    @property
    def _per_value(self) -> int:
        """A mean, and its variance."""
        return 2 if isinstance(self.scale, str) else 1

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Normal:
        """The distribution whose event is one image."""
        event_ndim = len(x_params.shape) - 1
        if isinstance(self.scale, str):
            return _learned_normal(x_params, event_ndim, weights)
        logvar = ops.full_like(x_params, 2 * math.log(self.scale))
        return Normal(x_params, logvar, event_ndim, weights)


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class LogisticMixtureLikelihood(_Serializable):
    """x_params are 3 × components numbers for each channel, one channel after the other.

    First the log weights of the components, then their means, then their log scales. Zeros stand
    for components of one weight side by side over [0, 1]; x are levels k / 255.
    """

    components: int = 5
    noise: ClassVar[str] = LogisticMixture.noise

    @property
    def _per_value(self) -> int:
        """Weights, means and scales."""
        return 3 * self.components

    def params_of(self, x_mean: np.ndarray) -> np.ndarray:
        """The components moved, their centre from 1/2 to x_mean."""
        x_mean = np.asarray(x_mean)
        params = np.zeros((*x_mean.shape, 3, self.components))
        params[..., 1, :] = x_mean[..., None] - 0.5
        return params.reshape(self.params_shape(x_mean.shape))

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> LogisticMixture:
        """The distribution whose event is one image."""
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


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class PoissonLikelihood(_Serializable):
    """x_params are logarithms of rates; x are counts, as they are stored."""

    noise: ClassVar[str] = Poisson.noise
    x_range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    as_stored: ClassVar[bool] = True

    def params_of(self, x_mean: np.ndarray) -> np.ndarray:
        """Log of the means, kept finite where nothing is counted."""
        return _log_shares(x_mean)

    def seen(self, x: Tensor) -> Tensor:
        """log(1 + x): counts have no bound, and networks want small numbers."""
        return ops.log1p(x)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Poisson:
        """The distribution whose event is one image of counts."""
        return Poisson(x_params, len(x_params.shape) - 1, weights)


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class CategoricalLikelihood(_Serializable):
    """x_params are logits of the classes of each pixel, the last axis; x is one-hot."""

    noise: ClassVar[str] = Categorical.noise
    of_classes: ClassVar[bool] = True

    def params_of(self, x_mean: np.ndarray) -> np.ndarray:
        """Log of the classes' shares, kept finite where a class is absent."""
        return _log_shares(x_mean)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Categorical:
        """The distribution whose event is one label map."""
        return Categorical(x_params, len(x_params.shape) - 1, weights)


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class TableLikelihood(_Serializable):
    """x are the encoded columns of a table; x_params those of the columns, one after the other.

    Attributes:
        columns: (kind, size) of neighbouring columns: "normal", so many numbers, means first and
            then logarithms of variances in x_params (as of `NormalLikelihood`); "categorical", a
            one-hot choice of so many classes; "poisson", so many counts.
    """

    columns: tuple[tuple[str, int], ...]
    noise: ClassVar[str] = Columns.noise
    x_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    as_stored: ClassVar[bool] = True

    def __post_init__(self) -> None:
        columns = tuple((kind, int(size)) for kind, size in self.columns)  # lists come from JSON
        for kind, _ in columns:
            check_choice(kind, COLUMN_PARAMS, "the kind of a column")
        object.__setattr__(self, "columns", columns)

    def params_shape(self, x_shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of x_params for x of that shape, both without the batch."""
        size = sum(size for _, size in self.columns)
        if x_shape[-1] != size:
            raise InputError(
                f"x must have the {size} encoded columns of the likelihood's table",
                f"{x_shape[-1]}",
                "Pass the columns of this data set.",
            )
        return (*x_shape[:-1], sum(COLUMN_PARAMS[kind] * size for kind, size in self.columns))

    def x_shape(self, params_shape: Sequence[int]) -> tuple[int, ...]:
        """The inverse of `params_shape`, where there is one."""
        return (*params_shape[:-1], sum(size for _, size in self.columns))

    def params_of(self, x_mean: np.ndarray) -> np.ndarray:
        """Means, log shares and log rates; of the variances the logarithm of 1."""
        x_mean, params, first = np.asarray(x_mean), [], 0
        for kind, size in self.columns:
            mean = x_mean[..., first : first + size]
            params += [mean, np.zeros_like(mean)] if kind == "normal" else [_log_shares(mean)]
            first += size
        return np.concatenate(params, axis=-1)

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Columns:
        """The distribution whose event is one row."""
        parts, first = [], 0
        for kind, size in self.columns:
            last = first + COLUMN_PARAMS[kind] * size
            parts.append(_COLUMNS[kind](x_params[..., first:last]))
            first = last
        return Columns(tuple(parts), len(x_params.shape) - 1, weights)


def _learned_normal(x_params: Tensor, event_ndim: int = 1, weights: Tensor = 1.0) -> Normal:
    """A normal distribution from means and logarithms of variances, side by side."""
    mean, logvar = ops.split(x_params, 2, axis=-1)
    return Normal(mean, soft_floor(logvar, 2 * math.log(LEAST_SCALE)), event_ndim, weights)


_COLUMNS = {"normal": _learned_normal, "categorical": Categorical, "poisson": Poisson}


def _inside(mean: np.ndarray, least: float = 1e-3) -> np.ndarray:
    """Means of pixels, kept off 0 and 1."""
    return np.clip(mean, least, 1 - least)


def _log_shares(mean: np.ndarray, least: float = 1e-3) -> np.ndarray:
    """Logarithms of shares or rates, kept finite."""
    return np.log(np.maximum(mean, least))
