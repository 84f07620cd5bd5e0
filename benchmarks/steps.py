"""Training steps of a model under JAX, without Keras's loop around them."""

from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np

from condvae.models import CVAE

State = tuple[list[np.ndarray], ...]


def state_of(model: CVAE) -> State:
    """Copies of what a step changes: weights, other variables, the optimizer's, the metrics'."""
    model.optimizer.build(model.trainable_variables)
    return tuple(
        [np.array(variable.value) for variable in variables]
        for variables in (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )
    )


def stepping(model: CVAE) -> Callable[[Iterable[Any]], None]:
    """Runs a step on each batch and waits for the last."""
    first = state_of(model)
    step = jax.jit(lambda state, batch: model.train_step(state, (batch,))[1], donate_argnums=0)

    def run(batches: Iterable[Any]) -> None:
        state = jax.device_put(first)
        for batch in batches:
            state = step(state, batch)
        jax.block_until_ready(state)

    return run
