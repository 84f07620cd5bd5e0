"""Initialise a model with the weights of a run on other classes or conditions."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from condvae.checks import InputError
from condvae.files.tensors import StoredTensors
from condvae.models.contract import NETWORKS
from condvae.models.cvae import CVAE
from condvae.models.weights import network_variables


def take_over(model: CVAE, stored: StoredTensors, rows: np.ndarray) -> None:
    """Load a file's weights, with the weights that depend on y, or predict it, mapped to the new y.

    Args:
        rows: (dim of y, dim of y in the file), as in `conditions.takeover.Takeover`.

    Raises:
        InputError: other networks, or networks in which y cannot be separated; the model is
            unchanged.
    """
    variables = network_variables(model)
    places = {id(variable): (axis, first) for variable, axis, first in _readers(model)}
    dim, before = rows.shape
    shapes = {}
    for name, variable in variables.items():
        shape = list(variable.shape)
        if id(variable) in places:
            axis, _ = places[id(variable)]
            shape[axis] += before - dim
        shapes[name] = tuple(shape)
    tensors = stored.read(shapes)
    for name, variable in variables.items():
        tensor = tensors[name]
        if id(variable) in places:
            axis, first = places[id(variable)]
            old = np.moveaxis(tensor, axis, 0)
            of_y = np.tensordot(rows, old[first : first + before], axes=1)
            parts = [old[:first], of_y, old[first + before :]]
            tensor = np.moveaxis(np.concatenate(parts).astype("float32"), 0, axis)
        variable.assign(tensor)


def _readers(model: CVAE) -> Iterator[tuple[keras.Variable, int, int]]:
    """Each weight with an axis for y: the weight, the axis, and the offset of y on it."""
    for name in NETWORKS:
        network = getattr(model, name)
        for part in _functional(network):
            if isinstance(part.input, dict) and "y" in part.input:
                yield from _kernels(part, part.input["y"])
        if name == "classifier" and network is not None:
            last = network.get_layer("logits")
            yield last.kernel, 1, 0
            yield last.bias, 0, 0
    if getattr(model.prior, "pseudo_y", None) is not None:
        raise InputError(
            "for other classes, weights can be transferred only if y is read by networks alone",
            "the prior 'vampprior' that does not see y",
            "Train a new run.",
        )


def _functional(network: keras.layers.Layer | None) -> Iterator[keras.Model]:
    """The functional models in a network: itself, or the networks of a composite prior."""
    if isinstance(network, keras.Model):
        yield network
    elif network is not None:
        yield from (layer for layer in network._flatten_layers() if isinstance(layer, keras.Model))


def _kernels(
    network: keras.Model, y: keras.KerasTensor
) -> Iterator[tuple[keras.Variable, int, int]]:
    """The kernels of the dense layers whose inputs contain y, alone or among other vectors."""
    makers: dict[int, Any] = {id(layer.output): layer for layer in network.layers}

    def place(tensor: keras.KerasTensor) -> int | None:
        """The offset of y on the last axis."""
        if tensor is y:
            return 0
        maker, first = makers[id(tensor)], 0
        if isinstance(maker, keras.layers.Concatenate):
            for part in maker.input:
                if (inner := place(part)) is not None:
                    return first + inner
                first += part.shape[-1]
        return None

    for layer in network.layers:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        firsts = [first for tensor in inputs if (first := place(tensor)) is not None]
        if not firsts or isinstance(layer, keras.layers.InputLayer | keras.layers.Concatenate):
            continue
        if not isinstance(layer, keras.layers.Dense):
            raise InputError(
                "for other classes, weights can be transferred only if dense layers read y",
                f"{layer.name}, a {type(layer).__name__}, in {network.name}",
                "Train a new run.",
            )
        yield layer.kernel, 0, firsts[0]
