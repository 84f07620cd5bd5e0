"""The rows of a table: one of several states for each column, and a number for some states."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from keras import ops

from condvae.distributions.bounds import soft_ceiling, soft_floor
from condvae.distributions.event import Tensor, sum_event

# s of a logistic, where the numbers of a column have a standard deviation of about 1
_LOG_SCALE_BOUNDS = (-6.0, 3.0)
_LEAST_LOGIT = -1e9  # for states that a shorter column does not have


@dataclass(frozen=True)
class Rows:
    """Independent columns: a state for each, and a number beside some states.

    A draw is (..., total + num_numbers): the one-hot states of all columns, and the numbers, which
    are 0 if their column is in another state. A column whose states are all 0 is hidden, and does
    not count. Some numbers are uniform from -1/2 to 1/2 instead, whatever the state. All columns
    are computed together, however many there are.

    Attributes:
        states: layout of the states, see `condvae.likelihoods.states`.
        beside: for each number, the index of its state.
        logits: (..., total) log-probabilities of the states up to a constant, column by column.
        mixture: (..., num_numbers, 3, components): log weights, means and log scales of the
            components of each number's mixture of logistic distributions.
        event_ndim: number of trailing axes that form one draw; densities sum over them.
        weights: weights of all columns in the densities; broadcasts against x.
        uniform: for each number, whether it is uniform; empty: none is.
    """

    states: Any
    beside: tuple[int, ...]
    logits: Tensor
    mixture: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    uniform: Sequence[bool] = ()
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def total(self) -> int:
        """Number of states of all columns."""
        return self.states.total

    @property
    def mean(self) -> Tensor:
        """Probability of each state; for numbers, their mean times that of their state."""
        shares = ops.exp(self.logits - ops.take(self._log_sums(), self.states.column_of, axis=-1))
        if not self.beside:
            return shares
        weights, means, _ = self._components()
        numbers = ops.sum(ops.exp(weights) * means, axis=-1)
        numbers = self._modelled(numbers * self._beside(shares), 0.0)
        return ops.concatenate([shares, numbers], axis=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density of the columns that are not hidden, nats, summed over the event axes."""
        states = value[..., : self.total]
        is_seen = ops.take(self._sums(states), self.states.column_of, axis=-1)
        log_sums = ops.take(self._log_sums(), self.states.column_of, axis=-1)
        # a column's states sum to 1, or to 0 if it is hidden
        log_prob = states * (self.logits - log_sums * is_seen)
        if self.beside:
            numbers = self._beside(states) * self._log_density(value[..., self.total :])
            # the density of a uniform number is 1
            log_prob = ops.concatenate([log_prob, self._modelled(numbers, 0.0)], axis=-1)
        return sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The rows that correspond to uniform noise in [0, 1) of the shape of x.

        States are drawn by Gumbel-max. For a number, the noise's position among the cumulative
        weights selects the component, and its position within that component's interval gives the
        logistic draw.
        """
        gumbel = -ops.log(-ops.log(ops.maximum(noise[..., : self.total], 1e-30)))
        scores = self._grouped(self.logits + gumbel)
        chosen = self._in_order([ops.argmax(part, axis=-1) for part in scores])
        places = np.arange(self.total) - self.states.firsts[self.states.column_of]
        chosen = ops.take(chosen, self.states.column_of, axis=-1)
        states = ops.cast(ops.equal(chosen, ops.cast(places, chosen.dtype)), "float32")
        if not self.beside:
            return states
        weights, means, log_scales = self._components()
        shares = ops.exp(weights)
        cumulated, noise = ops.cumsum(shares, axis=-1), noise[..., self.total :, None]
        component = ops.sum(ops.cast(noise >= cumulated[..., :-1], "int32"), axis=-1)
        component = ops.one_hot(component, shares.shape[-1], dtype="float32")

        def of_component(values: Tensor) -> Tensor:
            return ops.sum(component * values, axis=-1)

        rest = of_component(noise - cumulated + shares) / of_component(shares)
        rest = ops.clip(rest, 2**-24, 1 - 2**-24)
        logistic = ops.log(rest) - ops.log1p(-rest)
        numbers = of_component(means) + ops.exp(of_component(log_scales)) * logistic
        numbers = self._modelled(numbers * self._beside(states), noise[..., 0] - 0.5)
        return ops.concatenate([states, numbers], axis=-1)

    def _modelled(self, numbers: Tensor, otherwise: Any) -> Tensor:
        """(..., num_numbers) the numbers, and another value in place of uniform ones."""
        if not any(self.uniform):
            return numbers
        return ops.where(np.asarray(self.uniform), otherwise, numbers)

    def _grouped(self, values: Tensor, outside: float = _LEAST_LOGIT) -> list[Tensor]:
        """(..., total) values as an array (..., num, most) for each of the tables of states."""
        padded = ops.concatenate([values, ops.full_like(values[..., :1], outside)], axis=-1)
        return [ops.take(padded, places, axis=-1) for _, places in self.states.tables]

    def _in_order(self, parts: Sequence[Tensor]) -> Tensor:
        """(..., num) values for each of these tables as (..., num_columns), in column order."""
        return ops.take(ops.concatenate(list(parts), axis=-1), self.states.order, axis=-1)

    def _log_sums(self) -> Tensor:
        """(..., num_columns) the logarithm of each column's sum of exp(logits)."""
        parts = [ops.logsumexp(part, axis=-1) for part in self._grouped(self.logits)]
        return self._in_order(parts)

    def _sums(self, values: Tensor) -> Tensor:
        """(..., num_columns) the sum of values over each column's states."""
        parts = [ops.sum(part, axis=-1) for part in self._grouped(values, 0.0)]
        return self._in_order(parts)

    def _beside(self, states: Tensor) -> Tensor:
        """(..., num_numbers) values of the states that the numbers belong to."""
        return ops.take(states, np.asarray(self.beside), axis=-1)

    def _components(self) -> tuple[Tensor, Tensor, Tensor]:
        """Log weights, means and log scales of the mixtures, (..., num_numbers, components)."""
        weights = ops.log_softmax(self.mixture[..., 0, :], axis=-1)
        least, most = _LOG_SCALE_BOUNDS
        log_scales = soft_ceiling(soft_floor(self.mixture[..., 2, :], least), most)
        return weights, self.mixture[..., 1, :], log_scales

    def _log_density(self, numbers: Tensor) -> Tensor:
        """Log-density of each number under its mixture, nats."""
        weights, means, log_scales = self._components()
        scaled = (numbers[..., None] - means) * ops.exp(-log_scales)
        # the logistic density, symmetric: -|t| keeps exp small
        log_density = -ops.abs(scaled) - 2 * ops.softplus(-ops.abs(scaled)) - log_scales
        return ops.logsumexp(weights + log_density, axis=-1)
