"""Models of one architecture trained in one program, with JAX: `jax.vmap` of one model's step.

The variables of all models are stacked along a leading axis of members: weights, optimizer,
metrics, beta, and the states of the random generators, so that each member draws the same numbers
as it would alone.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from condvae.models import CVAE, scheduled_rate
from condvae.training.feed import Feed
from condvae.training.fused import Blocks, looped, steps_in
from condvae.training.pace import Pace

# A model's values, (trainable, non-trainable, optimizer's, metrics'), each a list, in the order of
# Keras's JAX trainer; for an ensemble with a leading axis of members.
State = tuple[list[Any], ...]


def variables_of(model: CVAE) -> tuple[list[keras.Variable], ...]:
    """The variables whose values are in a `State`."""
    model.optimizer.build(model.trainable_variables)
    return (
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
        model.metrics_variables,
    )


def read_state(model: CVAE) -> State:
    """Copies of the values of a compiled model."""
    return tuple([np.array(variable) for variable in group] for group in variables_of(model))


def write_state(model: CVAE, state: State) -> None:
    """Assign these values to a model; a shorter state has only the first groups."""
    for variables, values in zip(variables_of(model), state, strict=False):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


class Ensemble:
    """The stacked states of compiled models, and their steps.

    Args:
        model: one of the models, whose steps are used; its own values are irrelevant.
        states: the state of each member, from `read_state`.
        rates: the peak learning rate of each member.
        feeds: the shuffled training batches of each member, all from the same data.
        validation: the validation batches.
        training: the spec that the members share, apart from the seed and the learning rate.
        steps: number of steps of the whole training, for schedules.

    Attributes:
        state: the current state of the members.
        best: the validated weights of each member's best epoch, with the non-trainable values; see
            `keep`.
    """

    def __init__(
        self,
        model: CVAE,
        states: Sequence[State],
        rates: Sequence[float],
        feeds: Sequence[Feed],
        validation: Feed,
        training: Any,
        steps: int,
    ):
        import jax

        def stack(*values: np.ndarray) -> Any:
            return jax.numpy.asarray(np.stack(values))

        self.model, self.feeds, self.validation = model, list(feeds), validation
        self.state: State = jax.tree.map(stack, *states)
        self.rates = np.array(rates, "float32")
        self.best: State = ()
        self._data = jax.device_put({"x": np.asarray(feeds[0].x), "y": feeds[0].y})
        self._validation_data = jax.device_put({"x": np.asarray(validation.x), "y": validation.y})
        optimizer, groups = model.optimizer, variables_of(model)

        def set_rate(peak: Any) -> None:
            rate = scheduled_rate(training, steps, peak)
            if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
                optimizer.learning_rate = rate  # a constant rate is among the variables

        def scope_of(state: State) -> Any:
            pairs = [zip(*group, strict=True) for group in zip(groups, state, strict=False)]
            return keras.StatelessScope(state_mapping=[pair for group in pairs for pair in group])

        def train_step(carried: Any, batch: Any) -> Any:
            state, rate = carried
            set_rate(rate)
            logs, state = model.train_step(state, (batch,))
            set_rate(training.learning_rate)  # no tracer outlives the trace
            return logs, (state, rate)

        def test_step(state: Any, batch: Any) -> Any:
            return model.test_step(state, (batch,))

        def validated(state: State) -> Any:
            """The weights that are validated and kept: the average, if there is one."""
            if not optimizer.use_ema:
                return state[0]
            with scope_of(state) as scope:
                optimizer.finalize_variable_values(model.trainable_variables)
            return [scope.get_current_value(variable) for variable in model.trainable_variables]

        def settings(state: State, rate: Any) -> dict[str, Any]:
            with scope_of(state):
                set_rate(rate)
                values = {"learning_rate": optimizer.learning_rate, "beta": model.last_beta}
                values = {k: keras.ops.convert_to_tensor(v) for k, v in values.items()}
                set_rate(training.learning_rate)
            return values

        def means(state: State) -> Any:
            with scope_of(state):
                return model.get_metrics_result()

        def choose(is_better: Any, new: Any, old: Any) -> Any:
            return jax.tree.map(lambda a, b: jax.numpy.where(is_better, a, b), new, old)

        # loop outside, members inside: the matrix products of a step become batched
        self._train = jax.jit(looped(jax.vmap(train_step)), donate_argnums=0)
        # all members are validated on the same rows
        self._test = jax.jit(looped(jax.vmap(test_step, in_axes=(0, None))))
        self._validated = jax.jit(jax.vmap(validated))
        self._settings = jax.jit(jax.vmap(settings))
        self._means = jax.jit(jax.vmap(means))
        self._choose = jax.jit(jax.vmap(choose))

    def blocks(self, epoch: int, step: int) -> Iterator[np.ndarray]:
        """The rows of an epoch from a step on, shuffled by each member's seed as in `train`.

        The running means are reset, except in the middle of an epoch.
        """
        if not step:
            self.state = (*self.state[:3], _zeros(self.state[3]))
        served = []
        for feed in self.feeds:
            rest = feed.from_step(step)
            rest.start_epoch(epoch)
            served.append(Blocks(rest))
        for index in range(len(served[0]) if step < self.feeds[0].steps else 0):
            yield np.stack([blocks[index][0]["rows"] for blocks in served], axis=1)

    def train(self, rows: np.ndarray, first: int, end: int) -> Any:
        """Take some steps of a block; return the running mean of each member's loss, on the device.

        Args:
            rows: (steps, members, batch), padded with -1 to whole blocks.
            first, end: the first step to take, and the one after the last.
        """
        carried = (self.state, self.rates)
        logs, (self.state, _) = self._train(carried, self._data, rows, first, end)
        return logs["loss"]

    def means(self) -> dict[str, np.ndarray]:
        """The running means of the epoch, (members,) each."""
        import jax

        return jax.device_get(self._means(self.state))

    def validate(self, pace: Pace) -> dict[str, np.ndarray] | None:
        """Validation losses, learning rate and beta, (members,) each, after an epoch.

        Returns:
            None if there was a signal, in which case nothing has changed.
        """
        import jax

        trainable, non_trainable, optimizer, metrics = self.state
        state = (self._validated(self.state), non_trainable, _zeros(metrics))
        logs: Any = {}
        blocks = Blocks(self.validation)
        for index in range(len(blocks)):
            rows = blocks[index][0]["rows"]
            for first, end in pace.pieces(steps_in(rows)):
                begun = time.perf_counter()
                logs, state = self._test(state, self._validation_data, rows, first, end)
                pace.began(logs["loss"], begun, end - first)
        if not pace.may_begin():
            return None
        figures = {f"val_{name}": value for name, value in logs.items()}
        figures |= self._settings(self.state, self.rates)
        # including non-trainable values, which a user-defined network may need
        self._weights = state[:2]
        self.state = (trainable, state[1], optimizer, state[2])
        return jax.device_get(figures)

    def keep(self, is_better: np.ndarray) -> None:
        """Record the weights that were just validated as the best ones of some members."""
        self.best = self._choose(is_better, self._weights, self.best or self._weights)

    def on_host(self) -> tuple[State, State]:
        """The current and the best values of the members."""
        import jax

        return jax.device_get((self.state, self.best))

    def shrink(self, slots: Sequence[int]) -> None:
        """Continue with only the members in these slots."""
        import jax

        index = np.array(slots)
        self.state, self.best = jax.tree.map(lambda values: values[index], (self.state, self.best))
        self.rates = self.rates[index]
        self.feeds = [self.feeds[slot] for slot in slots]


def of_member(state: State, slot: int) -> State:
    """The values of the member in a slot."""
    return tuple([values[slot] for values in group] for group in state)


def _zeros(values: list[Any]) -> list[Any]:
    """Zeros of the same shapes and dtypes."""
    import jax

    return jax.tree.map(jax.numpy.zeros_like, values)
