"""What a likelihood is, and what it says of itself to data, specs, graphs and reports."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any, ClassVar, Self

from condvae.checks import InputError, check_range

Tensor = Any
Array = Any
Data = Any  # a `condvae.data.Dataset`: its x, x_max, pixel_classes, table and assumption are read
Columns = Sequence[tuple[int, int]] | None  # of a table, see `TableLikelihood`


class Likelihood(ABC):
    """p(x | z, y) from x_params (batch, *params_shape(image_shape)); a value, not a layer.

    A kind is a frozen dataclass under this one, in a file of its own: it has a name, makes its
    distribution, and says what differs from the defaults here. It may be asked without Keras, so
    that it imports `keras.ops` and distributions, and NumPy too, where it needs them.

    Attributes:
        name: in specs and on the command line.
        settings: names of a spec's settings that are this likelihood's alone; those that are
            fields, too, are what it is made of.
        noise: "normal" or "uniform": what a draw of x is made from.
        x_range: of x as the networks see it.
        of_classes: whether each pixel is a class, and x_params has a channel for each.
        of_columns: whether x is a row of a table.
        of_levels: whether x are 8-bit levels, each with a probability.
        of_logits: whether x_params are log-odds of probabilities, and no probabilities.
        of_bits: whether pixels are ones and zeros, or the probabilities of ones.
        of_density: whether x are real numbers with a density, so that other densities compare.
        as_stored: whether integers are taken as they are, not divided by x_max.
        draws_like_data: whether a draw of x looks like the data, pixel by pixel.
        seen_as: the function, one of `keras.ops` and of graphs, by which encoder and prior see x;
            None: as it is.
    """

    name: ClassVar[str] = "auto"
    settings: ClassVar[tuple[str, ...]] = ()
    noise: ClassVar[str] = "uniform"
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

    # What it says before there is one.

    @classmethod
    def of(cls, settings: Any, columns: Columns = None) -> Self:
        """The one that a spec asks for.

        Args:
            settings: the section of the spec that has this likelihood's settings.
            columns: of a table.

        Raises:
            InputError: columns, and x is no row of a table; or the other way round.
        """
        if cls.of_columns != (columns is not None):
            raise InputError(
                "the likelihood 'table' must come with the columns of a table, another one without",
                f"{cls.name!r} and {'no columns' if columns is None else 'columns'}",
                "Pass the likelihood that fits the data.",
            )
        own: dict[str, Any] = {"columns": tuple(columns)} if columns is not None else {}
        names = [f.name for f in fields(cls) if f.name in cls.settings]  # type: ignore[arg-type]
        return cls(**own, **{name: getattr(settings, name) for name in names})

    @classmethod
    def reason(cls, data: Data) -> str | None:
        """Why `auto` takes it for these data, in words; None where it does not."""
        return None

    @classmethod
    def check_data(cls, data: Data) -> None:
        """Raise an InputError if the data are none that it has a probability for."""
        if cls.of_classes != (data.pixel_classes is not None):
            raise InputError(
                "the likelihood 'categorical' must go with label maps, data that name their "
                "pixels' classes",
                f"{cls.name!r} and {data.assumption}",
                "Store the names as array pixel_classes in the .npz, or take another likelihood.",
            )
        cls.check_values(data)

    @classmethod
    def check_values(cls, data: Data) -> None:
        """The same of the values of x alone: floats must lie in its range."""
        if data.x.dtype.kind == "f" and data.table is None:
            check_range(data.x, *cls.x_range, f"x, under the likelihood {cls.name!r},")

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """What the probabilities are of, for the comparability line of a run.

        Args:
            spec: of the run.
            preprocessing: of the run, see `condvae.runs.record.Preprocessing`.
        """
        return "pixels"

    @classmethod
    def loss_of_means(cls, x: Array, x_mean: Array) -> Array | None:
        """-log p(x) of a model that knows the means alone, (batch,) nats; None: not in closed form.

        Args:
            x: (batch, *x_shape) as the networks see it.
            x_mean: (*x_shape,).
        """
        return None

    # What the model asks of it.

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

    def params_of(self, x_mean: Array) -> Array:
        """What the decoder writes where it expects about x_mean, (*x_shape,) in units of x.

        A learned scale, which it does not write, is left out. Here x_params are expected values.
        """
        return x_mean

    def first_params(self, x_mean: Array, rest: Array) -> Array:
        """`params_of` x_mean, with the scales and the like that x has beside its mean.

        Args:
            rest: (N, *x_shape) of some x less their means.
        """
        return self.params_of(x_mean)

    def variance_of(self, x_mean: Array) -> Array | None:
        """Of x given its mean, where that tells it; None where the decoder does."""
        return None

    def params_of_moments(self, x_mean: Array, x_variance: Array) -> Array:
        """What stands for x of these means and variances, (*params_shape,), a scale included.

        Args:
            x_mean: (*x_shape,) in units of x.
            x_variance: (*x_shape,) in their squares. Here the means tell all.
        """
        return self.params_of(x_mean)

    @abstractmethod
    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one image; weights: of its pixels, 0 leaves one out."""

    @property
    def drawn_by_numpy(self) -> Callable[[Array, Array], Array] | None:
        """(x_params, noise of the shape of x) -> x, without Keras; None: Keras draws."""
        return None

    def seen(self, x: Tensor) -> Tensor:
        """x, or expected x, as encoder and prior see it."""
        if self.seen_as is None:
            return x
        from keras import ops

        return getattr(ops, self.seen_as)(x)

    # The same in the operations of a graph, see `condvae.graph.layers.Trace`. The expected x is
    # `trace_mean(trace, x_params)`: a kind that leaves it out has no graph, and is refused there.

    def trace_seen(self, trace: Any, x: str) -> str:
        """x, or expected x, as encoder and prior see it."""
        return x if self.seen_as is None else trace.apply(self.seen_as, "x_seen", x)

    # Keras's serialisation.

    def get_config(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The inverse of `get_config`."""
        return cls(**config)


def inside(mean: Array, least: float = 1e-3) -> Array:
    """Means of pixels, kept off 0 and 1."""
    import numpy as np

    return np.clip(mean, least, 1 - least)


def log_shares(mean: Array, least: float = 1e-3) -> Array:
    """Logarithms of shares or rates, kept finite."""
    import numpy as np

    return np.log(np.maximum(mean, least))
