"""Everything on which the next step depends, as tensors by name."""

from collections.abc import Mapping

import keras
import numpy as np

from condvae.checks import InputError
from condvae.models import CVAE, network_variables
from condvae.runs.checkpoint import Checkpoint, TrainingState

METRICS = "metrics"


def make_checkpoint(
    model: CVAE, state: TrainingState, best_weights: Mapping[str, np.ndarray]
) -> Checkpoint:
    """Weights, optimizer, random states, beta and metrics of a compiled model.

    They are views if the backend allows it, and must be written before the next step.

    Args:
        state: the current state of the training.
        best_weights: the weights of the best epoch, from `network_tensors`.
    """
    tensors = {name: np.asarray(variable) for name, variable in _variables(model).items()}
    return Checkpoint(state, tensors, dict(best_weights))


def restore(model: CVAE, tensors: Mapping[str, np.ndarray]) -> None:
    """Restore the tensors of a checkpoint, except for metrics, which `fit` resets first.

    Raises:
        InputError: tensors of another model or optimizer; nothing is changed.
    """
    variables = _variables(model)
    for name in sorted(variables.keys() | tensors.keys()):
        expected = _form(variables[name]) if name in variables else "absent"
        found = _form(tensors[name]) if name in tensors else "absent"
        if expected != found:
            raise InputError(
                f"the checkpoint must fit the model and its optimizer: {name} {expected}",
                found,
                "Resume with the versions of condvae and Keras, and the backend, of the run.",
            )
    for name, variable in variables.items():
        if not name.startswith(METRICS):
            variable.assign(tensors[name])


def restore_metrics(model: CVAE, tensors: Mapping[str, np.ndarray]) -> None:
    """Restore the running means, for an epoch that continues in the middle."""
    for name, variable in _variables(model).items():
        if name.startswith(METRICS):
            variable.assign(tensors[name])


def state_bytes(model: CVAE) -> int:
    """Bytes of a checkpoint's tensors, including the best weights."""
    tensors = [*_variables(model).values(), *network_variables(model).values()]
    return sum(np.array(tensor).nbytes for tensor in tensors)


def _variables(model: CVAE) -> dict[str, keras.Variable]:
    """All variables of a compiled model by name.

    Variables outside the networks are numbered: their paths contain counters of the process.
    """
    # Keras creates the moments in the first step; a checkpoint may be read before it
    model.optimizer.build(model.trainable_variables)
    weights = network_variables(model)
    in_networks = {id(variable) for variable in weights.values()}
    groups = {
        # noise, beta, and the state of user-defined networks beside their weights
        "other": [v for v in model.variables if id(v) not in in_networks],
        "optimizer": model.optimizer.variables,
        METRICS: model.metrics_variables,
    }
    numbered = {
        f"{group}/{number}/{variable.name}": variable
        for group, variables in groups.items()
        for number, variable in enumerate(variables)
    }
    return {f"weights/{name}": variable for name, variable in weights.items()} | numbered


def _form(tensor: keras.Variable | np.ndarray) -> str:
    """Dtype and shape."""
    return f"{tensor.dtype} {tuple(tensor.shape)}"
