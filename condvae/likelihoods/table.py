"""Rows of a table: states of all columns, and numbers beside some of the states."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from condvae.checks import InputError
from condvae.likelihoods.base import Array, Data, Likelihood, Tensor, log_shares
from condvae.likelihoods.factors import UNIFORM, Factors

_LOG_SCALE_BOUNDS = (-6.0, 3.0)  # the same as in `condvae.distributions.rows`


@dataclass(frozen=True)
class TableLikelihood(Likelihood):
    """x are the encoded cells of a row, as in `condvae.conditions.Table`.

    x_params are the logits of all states and then, for each number, the log weights, the means and
    the log scales of its mixture of logistic distributions.

    Attributes:
        columns: for each column its number of states, and the index of the state that has a number
            beside it, or -1; `UNIFORM` if a number beside all states is uniform, whatever x_params.
        components: number of components of each mixture.
    """

    columns: tuple[tuple[int, int], ...]
    components: int = 5
    name: ClassVar[str] = "table"
    x_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    of_columns: ClassVar[bool] = True
    as_stored: ClassVar[bool] = True

    def __post_init__(self) -> None:
        columns = tuple((int(size), int(beside)) for size, beside in self.columns)
        if not columns or any(size < 1 or not UNIFORM <= beside < size for size, beside in columns):
            raise InputError(
                "each column must have at least one state, and the index of one of them, -1 or -2",
                f"{columns[:5]}",
                "Pass `Table.kinds`.",
            )
        object.__setattr__(self, "columns", columns)

    @classmethod
    def reason(cls, data: Data) -> str | None:
        """Select it for tables."""
        if data.table is None:
            return None
        return "the data are columns: probabilities for classes and frequent values, densities else"

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """The words for the comparability line."""
        return f"columns scaled by {spec.data.scaling} (a density of the scaled numbers)"

    @cached_property
    def _states(self) -> Any:
        from condvae.likelihoods.states import States

        return States(tuple(size for size, _ in self.columns))

    @property
    def _num_states(self) -> int:
        return self._states.total

    @property
    def _beside(self) -> tuple[int, ...]:
        """For each number, the index of its state; for a uniform one, the first of its column."""
        places = zip(self._states.firsts.tolist(), self.columns, strict=True)
        return tuple(first + max(place, 0) for first, (_, place) in places if place != -1)

    @cached_property
    def _uniform(self) -> Any:
        """(num_numbers,) bool: which numbers are uniform."""
        import numpy as np

        return np.asarray([place == UNIFORM for _, place in self.columns if place != -1], bool)

    @property
    def _num_numbers(self) -> int:
        return len(self._uniform)

    def params_shape(self, x_shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of x_params for x of that shape, both without the batch axis."""
        size = self._num_states + self._num_numbers
        if x_shape[-1] != size:
            raise InputError(
                f"x must have the {size} encoded columns of the likelihood's table",
                f"{x_shape[-1]}",
                "Pass the columns of this data set.",
            )
        return (*x_shape[:-1], self._num_states + 3 * self.components * self._num_numbers)

    def x_shape(self, params_shape: Sequence[int]) -> tuple[int, ...]:
        """The inverse of `params_shape`, if it is invertible."""
        return (*params_shape[:-1], self._num_states + self._num_numbers)

    def params_of(self, x_mean: Array) -> Array:
        """Logarithms of the states' shares; mixtures with components spread evenly around 0."""
        import numpy as np

        x_mean = np.asarray(x_mean)
        mixture = np.zeros((self._num_numbers, 3, self.components))
        mixture[:, 1] = 2 * (np.arange(self.components) + 0.5) / self.components - 1
        mixture[:, 2] = -math.log(2)
        states = log_shares(x_mean[..., : self._num_states], 1e-4)
        mixtures = np.broadcast_to(mixture.ravel(), (*x_mean.shape[:-1], mixture.size))
        return np.concatenate([states, mixtures], axis=-1)

    def params_along(self, factors: Factors, x_mean: Array) -> tuple[Array, Array, Array]:
        """x_params as a linear function of z and y.

        Args:
            x_mean: (dim,) mean of the rows from which the factors were found.

        Returns:
            Kernel of z (latent_dim, params), that of y (dim of y, params), bias (params,).
        """
        import numpy as np

        count, size = self._num_numbers, self.components
        bias = np.array(self.params_of(x_mean))
        bias[: self._num_states] = factors.biases
        mixture = bias[self._num_states :].reshape(count, 3, size)  # a view
        mixture[:, 1] = factors.means[:, None] + factors.scales[:, None] * mixture[:, 1]
        mixture[:, 2] += np.log(factors.scales)[:, None]

        def kernel(states: Array, numbers: Array) -> Array:
            along = np.zeros((count, 3, size, numbers.shape[1]))
            along[:, 1] = numbers[:, None]
            return np.concatenate([states, along.reshape(3 * count * size, numbers.shape[1])]).T

        of_z = kernel(factors.states, factors.numbers)
        return of_z, kernel(factors.states_by_y, factors.numbers_by_y), bias

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one row."""
        from keras import ops

        from condvae.distributions.rows import Rows

        logits, rest = x_params[..., : self._num_states], x_params[..., self._num_states :]
        shape = (*ops.shape(rest)[:-1], len(self._beside), 3, self.components)
        mixture = ops.reshape(rest, shape)
        event_ndim, uniform = len(x_params.shape) - 1, tuple(self._uniform.tolist())
        return Rows(self._states, self._beside, logits, mixture, event_ndim, weights, uniform)

    @property
    def drawn_by_numpy(self) -> Callable[[Array, Array], Array]:
        """`draw`, in NumPy."""
        return self.draw

    def draw(self, x_params: Array, noise: Array) -> Array:
        """`Rows.transform` in NumPy: (batch, dim) rows from uniform noise of that shape."""
        import numpy as np

        num, states = self._num_states, self._states
        rows = np.zeros(noise.shape, "float32")
        scores = np.maximum(noise[:, :num], np.float32(1e-30))
        np.negative(np.log(scores, out=scores), out=scores)
        # in place, since memory is what this waits for
        np.subtract(x_params[:, :num], np.log(scores, out=scores), out=scores)
        chosen = states.largest(scores)
        rows[np.arange(len(rows))[:, None], states.firsts + chosen] = 1
        if self._beside:
            parts = x_params[:, num:].reshape(len(rows), len(self._beside), 3, self.components)
            numbers = _of_mixture(parts, noise[:, num:])
            numbers = numbers * rows[:, self._beside]
            rows[:, num:] = np.where(self._uniform, noise[:, num:] - np.float32(0.5), numbers)
        return rows

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """`Rows.mean` as graph operations: shares of states, and means of numbers times them."""
        parts, beside, first = [], [], 0
        for size, place in self.columns:
            column = trace.slice("column", x_params, slice(first, first + size))
            parts.append(trace.apply("softmax", "states", column))
            if place != -1:
                share = trace.slice("beside", parts[-1], slice(max(place, 0), max(place, 0) + 1))
                # the mean of a uniform number is 0
                beside.append(share if place >= 0 else trace.affine("uniform", share, 0.0))
            first += size
        if beside:
            num, size = len(beside), self.components
            rest = trace.slice("mixture", x_params, slice(first, first + 3 * size * num))
            mixture = trace.reshape("mixture", rest, (num, 3 * size))
            weights = trace.slice("weights", mixture, slice(0, size))
            means = trace.slice("means", mixture, slice(size, 2 * size))
            shares = trace.apply("softmax", "weights", weights)
            product = trace.combine("multiply", "terms", shares, means)
            terms = [
                trace.reshape("term", trace.slice("term", product, slice(k, k + 1)), (num,))
                for k in range(size)
            ]
            numbers = trace.combine("add", "numbers", *terms) if size > 1 else terms[0]
            shares = trace.concatenate("beside", beside)
            parts.append(trace.combine("multiply", "numbers", numbers, shares))
        return trace.concatenate("x_mean", parts)


def _of_mixture(mixture: Array, noise: Array) -> Array:
    """(batch, num) numbers from (batch, num, 3, components) parameters, see `Rows`."""
    import numpy as np

    shares = np.exp(mixture[:, :, 0] - mixture[:, :, 0].max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    cumulated = shares.cumsum(axis=-1)
    component = (noise[..., None] >= cumulated[..., :-1]).sum(axis=-1, keepdims=True)

    def of_component(values: Array) -> Array:
        return np.take_along_axis(values, component, axis=-1)[..., 0]

    share, least, most = of_component(shares), *map(np.float32, _LOG_SCALE_BOUNDS)
    rest = (noise - of_component(cumulated) + share) / share
    rest = np.clip(rest, np.float32(2**-24), np.float32(1 - 2**-24))
    log_scale = -np.logaddexp(-np.logaddexp(of_component(mixture[:, :, 2]), least), -most)
    logistic = np.log(rest) - np.log1p(-rest)
    return of_component(mixture[:, :, 1]) + np.exp(log_scale) * logistic
