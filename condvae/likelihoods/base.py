"""The interface of a likelihood, with what data, specs, graphs and reports need to know of it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any, ClassVar, Self

from condvae.checks import InputError, check_range

Tensor = Any
Array = Any
Data = Any  # a `condvae.data.Dataset`, for its x, x_max, pixel_classes, table and assumption
Columns = Sequence[tuple[int, int]] | None  # of a table, see `TableLikelihood`


class Likelihood(ABC):
    """p(x | z, y) from x_params (batch, *params_shape(image_shape)); a value, not a layer.

    A likelihood is a frozen dataclass derived from this one, in its own file: it has a name,
    creates its distribution, and overrides the defaults here. It can be used without Keras, so it
    imports `keras.ops`, distributions and NumPy only where it needs them.

    Attributes:
        name: name in specs and on the command line.
        settings: names of the spec's settings that belong to this likelihood only; those that are
            fields, too, are the constructor's arguments.
        noise: "normal" or "uniform", the noise from which x is drawn.
        inverts: whether the distribution has `noise_of`, which computes that noise from x.
        x_range: range of x as the networks see it.
        of_classes: whether each pixel is a class, and x_params has a channel for each class.
        of_columns: whether x is a row of a table.
        of_levels: whether x are 8-bit levels, each with a probability.
        of_logits: whether x_params are log-odds rather than probabilities.
        of_bits: whether pixels are ones and zeros, or the probabilities of ones.
        of_density: whether x are real numbers with a density, to which other densities can be
            compared.
        as_stored: whether integers are used unchanged rather than divided by x_max.
        draws_like_data: whether a draw of x looks like the data, pixel by pixel.
        seen_as: the function, in both `keras.ops` and graphs, that encoder and prior apply to x;
            None: x unchanged.
    """

    name: ClassVar[str] = "auto"
    settings: ClassVar[tuple[str, ...]] = ()
    noise: ClassVar[str] = "uniform"
    inverts: ClassVar[bool] = False
    x_range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    of_classes: ClassVar[bool] = False
    of_columns: ClassVar[bool] = False
    of_levels: ClassVar[bool] = False
    of_logits: ClassVar[bool] = False
    of_bits: ClassVar[bool] = False
    of_density: ClassVar[bool] = False
    as_stored: ClassVar[bool] = False
    draws_like_data: ClassVar[bool] = False
    seen_as: ClassVar[str | None] = None

    # Class methods, which need no instance.

    @classmethod
    def of(cls, settings: Any, columns: Columns = None) -> Self:
        """The likelihood that a spec describes.

        Args:
            settings: the section of the spec with this likelihood's settings.
            columns: the columns of a table.

        Raises:
            InputError: columns although x is not a row of a table; or the other way round.
        """
        if cls.of_columns != (columns is not None):
            raise InputError(
                "the likelihood 'table' requires the columns of a table, other likelihoods none",
                f"{cls.name!r} and {'no columns' if columns is None else 'columns'}",
                "Pass the likelihood that fits the data.",
            )
        own: dict[str, Any] = {"columns": tuple(columns)} if columns is not None else {}
        names = [f.name for f in fields(cls) if f.name in cls.settings]  # type: ignore[arg-type]
        return cls(**own, **{name: getattr(settings, name) for name in names})

    @classmethod
    def reason(cls, data: Data) -> str | None:
        """Why `auto` selects it for these data, in words; None if it does not."""
        return None

    @classmethod
    def check_data(cls, data: Data) -> None:
        """Raise an InputError if the likelihood defines no probability for such data."""
        if cls.of_classes != (data.pixel_classes is not None):
            raise InputError(
                "the likelihood 'categorical' requires label maps, data that name their "
                "pixels' classes",
                f"{cls.name!r} and {data.assumption}",
                "Store the names as array pixel_classes in the .npz, or use another likelihood.",
            )
        cls.check_values(data)

    @classmethod
    def check_values(cls, data: Data) -> None:
        """Check only the values of x: floats must lie in its range."""
        if data.x.dtype.kind == "f" and data.table is None:
            check_range(data.x, *cls.x_range, f"x, under the likelihood {cls.name!r},")

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """What the probabilities refer to, for the comparability line of a run.

        Args:
            spec: spec of the run.
            preprocessing: preprocessing of the run, see `condvae.runs.record.Preprocessing`.
        """
        return "pixels"

    @classmethod
    def loss_of_means(cls, x: Array, x_mean: Array) -> Array | None:
        """-log p(x) of a model with constant means, (batch,) nats; None: not in closed form.

        Args:
            x: (batch, *x_shape) as the networks see it.
            x_mean: (*x_shape,).
        """
        return None

    # Methods for the model.

    @property
    def _per_value(self) -> int:
        """Number of parameters for each value of x."""
        return 1

    @property
    def link(self) -> str:
        """The Keras activation that maps any number into the range of x."""
        if self.of_classes:
            return "softmax"
        return {(0.0, 1.0): "sigmoid", (0.0, math.inf): "softplus"}.get(self.x_range, "linear")

    def params_shape(self, x_shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of x_params for x of that shape, both without the batch axis."""
        return (*x_shape[:-1], self._per_value * x_shape[-1])

    def x_shape(self, params_shape: Sequence[int]) -> tuple[int, ...]:
        """The inverse of `params_shape`, if it is invertible."""
        return (*params_shape[:-1], params_shape[-1] // self._per_value)

    def params_of(self, x_mean: Array) -> Array:
        """The decoder's output for an expected x near x_mean, (*x_shape,) in units of x.

        A learned scale is omitted, since it is not part of the output. By default x_params are
        expected values.
        """
        return x_mean

    def first_params(self, x_mean: Array, rest: Array) -> Array:
        """`params_of` x_mean, with scales and other parameters that describe x around its mean.

        Args:
            rest: (N, *x_shape) residuals of some x, after subtracting their means.
        """
        return self.params_of(x_mean)

    def variance_of(self, x_mean: Array) -> Array | None:
        """Variance of x given its mean, if the mean determines it; None if the decoder does."""
        return None

    def params_of_moments(self, x_mean: Array, x_variance: Array) -> Array:
        """The x_params for x of these means and variances, (*params_shape,), including a scale.

        Args:
            x_mean: (*x_shape,) in units of x.
            x_variance: (*x_shape,) in squared units. By default only the means matter.
        """
        return self.params_of(x_mean)

    @abstractmethod
    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image; weights of pixels, where 0 omits a pixel."""

    @property
    def drawn_by_numpy(self) -> Callable[[Array, Array], Array] | None:
        """(x_params, noise of the shape of x) -> x, without Keras; None: Keras draws."""
        return None

    def seen(self, x: Tensor) -> Tensor:
        """x, or expected x, in the form that encoder and prior see."""
        if self.seen_as is None:
            return x
        from keras import ops

        return getattr(ops, self.seen_as)(x)

    # The same as graph operations, see `condvae.graph.layers.Trace`. The expected x is
    # `trace_mean(trace, x_params)`: a kind without it has no graph, and is rejected there.

    def trace_seen(self, trace: Any, x: str) -> str:
        """x, or expected x, in the form that encoder and prior see."""
        return x if self.seen_as is None else trace.apply(self.seen_as, "x_seen", x)

    # Keras serialisation.

    def get_config(self) -> dict[str, Any]:
        """The fields of the dataclass."""
        return asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The inverse of `get_config`."""
        return cls(**config)


def inside(mean: Array, least: float = 1e-3) -> Array:
    """Means of pixels, clipped away from 0 and 1."""
    import numpy as np

    return np.clip(mean, least, 1 - least)


def log_shares(mean: Array, least: float = 1e-3) -> Array:
    """Logarithms of shares or rates, clipped to be finite."""
    import numpy as np

    return np.log(np.maximum(mean, least))
