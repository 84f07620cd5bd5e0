"""Rows of a table, whose columns have likelihoods of their own."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from condvae.checks import InputError, check_choice
from condvae.likelihoods.base import Array, Data, Likelihood, Tensor
from condvae.likelihoods.categorical import CategoricalLikelihood
from condvae.likelihoods.normal import NormalLikelihood
from condvae.likelihoods.poisson import PoissonLikelihood

COLUMNS: dict[str, Likelihood] = {
    "normal": NormalLikelihood("per_dimension"),
    "categorical": CategoricalLikelihood(),
    "poisson": PoissonLikelihood(),
}


@dataclass(frozen=True)
class TableLikelihood(Likelihood):
    """x are the encoded columns of a table; x_params those of the columns, one after the other.

    Attributes:
        columns: (kind, size) of neighbouring columns: "normal", so many numbers, means first and
            then logarithms of variances in x_params (as of `NormalLikelihood`); "categorical", a
            one-hot choice of so many classes; "poisson", so many counts.
    """

    columns: tuple[tuple[str, int], ...]
    name: ClassVar[str] = "table"
    x_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    of_columns: ClassVar[bool] = True
    as_stored: ClassVar[bool] = True

    def __post_init__(self) -> None:
        columns = tuple((kind, int(size)) for kind, size in self.columns)  # lists come from JSON
        for kind, _ in columns:
            check_choice(kind, COLUMNS, "the kind of a column")
        object.__setattr__(self, "columns", columns)

    @classmethod
    def reason(cls, data: Data) -> str | None:
        """Of tables."""
        if data.table is None:
            return None
        return "the data are columns: a Normal for numbers, probabilities for classes"

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """For the comparability line."""
        return f"columns scaled by {spec.data.scaling} (a density of the scaled numbers)"

    def params_shape(self, x_shape: Sequence[int]) -> tuple[int, ...]:
        """Shape of x_params for x of that shape, both without the batch."""
        size = sum(size for _, size in self.columns)
        if x_shape[-1] != size:
            raise InputError(
                f"x must have the {size} encoded columns of the likelihood's table",
                f"{x_shape[-1]}",
                "Pass the columns of this data set.",
            )
        *_, (_, _, params) = self._parts()
        return (*x_shape[:-1], params.stop)

    def x_shape(self, params_shape: Sequence[int]) -> tuple[int, ...]:
        """The inverse of `params_shape`, where there is one."""
        return (*params_shape[:-1], sum(size for _, size in self.columns))

    def params_of(self, x_mean: Array) -> Array:
        """Means, log shares and log rates; of the variances the logarithm of 1."""
        import numpy as np

        x_mean = np.asarray(x_mean)
        params = np.zeros(self.params_shape(x_mean.shape))
        for likelihood, columns, where in self._parts():
            written = likelihood.params_of(x_mean[..., columns])
            params[..., where.start : where.start + written.shape[-1]] = written
        return params

    def __call__(self, x_params: Tensor, weights: Tensor = 1.0) -> Any:
        """The distribution whose event is one row."""
        from condvae.distributions.columns import Columns

        parts = [likelihood(x_params[..., where]) for likelihood, _, where in self._parts()]
        return Columns(tuple(parts), len(x_params.shape) - 1, weights)

    def trace_mean(self, trace: Any, x_params: str) -> str:
        """The means of the columns, side by side."""
        parts = [
            likelihood.trace_mean(trace, trace.slice("column", x_params, where))
            for likelihood, _, where in self._parts()
        ]
        return trace.concatenate("x_mean", parts)

    def _parts(self) -> Iterator[tuple[Likelihood, slice, slice]]:
        """Each part's likelihood, where its columns lie in x, and where in x_params."""
        column = param = 0
        for kind, size in self.columns:
            likelihood = COLUMNS[kind]
            (params,) = likelihood.params_shape((size,))
            yield likelihood, slice(column, column + size), slice(param, param + params)
            column, param = column + size, param + params
