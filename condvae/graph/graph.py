"""A graph: inputs, ordered operations, and outputs, evaluated in NumPy."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from condvae.checks import InputError, check_memory, check_shape
from condvae.files.frozen import Frozen
from condvae.graph.operations import AnyOperation, Size, Tensors


class Input(Frozen):
    """An input of a graph.

    Attributes:
        shape: shape of one row.
        dtype: dtype of the input; operations see float32.
    """

    name: str
    shape: Annotated[tuple[Size, ...], Field(max_length=8)]
    dtype: Literal["float32", "uint8", "int64"] = "float32"


class Graph(Frozen):
    """A deterministic function of arrays.

    Attributes:
        inputs: all with the same batch size; some may be unused.
        operations: each after those whose values it reads.
        outputs: names of values, by the names of the outputs.
    """

    inputs: tuple[Input, ...]
    operations: tuple[AnyOperation, ...]
    outputs: dict[str, str]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        known = [given.name for given in self.inputs]
        for operation in self.operations:
            if missing := set(operation.inputs) - set(known):
                raise ValueError(f"{operation.output} reads {min(missing)!r} before it is computed")
            known.append(operation.output)
        if len(set(known)) < len(known):
            raise ValueError("values must have different names")
        if missing := set(self.outputs.values()) - set(known):
            raise ValueError(f"no operation computes the output {min(missing)!r}")
        return self

    @property
    def weights(self) -> set[str]:
        """Names of the tensors that the operations read."""
        return {name for operation in self.operations for name in operation.weights}

    def only(self, *names: str) -> Self:
        """The graph of some outputs, without operations that they do not need."""
        outputs = {name: self.outputs[name] for name in names}
        used, kept = set(outputs.values()), []
        for operation in reversed(self.operations):
            if operation.output in used:
                used |= set(operation.inputs)
                kept.append(operation)
        return self.model_copy(update={"operations": tuple(kept[::-1]), "outputs": outputs})


def run_graph(
    graph: Graph, tensors: Tensors, inputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The outputs by name, (batch, ...) float32.

    Args:
        tensors: the weights by name, see `Graph.weights`.
        inputs: (batch, *shape) by name.

    Raises:
        InputError: the inputs are not those of the graph.
    """
    if set(inputs) != {given.name for given in graph.inputs}:
        raise InputError(
            f"the inputs must be {', '.join(given.name for given in graph.inputs)}",
            ", ".join(inputs) or "none",
            "Pass these.",
        )
    for given in graph.inputs:
        check_shape(inputs[given.name], (None, *given.shape), given.name)
    values = _values(graph, tensors, inputs)
    return {name: values[value] for name, value in graph.outputs.items()}


def output_shapes(graph: Graph, tensors: Tensors) -> dict[str, tuple[int, ...]]:
    """The shape of one row of each output, by name, without computing values."""
    empty = {given.name: np.zeros((0, *given.shape), "float32") for given in graph.inputs}
    return {name: array.shape[1:] for name, array in run_graph(graph, tensors, empty).items()}


def row_bytes(graph: Graph, tensors: Tensors) -> int:
    """Bytes of all values of one row in a graph, without computing them."""
    empty = {given.name: np.zeros((0, *given.shape), "float32") for given in graph.inputs}
    values = _values(graph, tensors, empty).values()
    return 4 * sum(math.prod(value.shape[1:]) for value in values)


def check_graph(graph: Graph, tensors: Tensors, name: str) -> None:
    """Raise InputError if the operations are inconsistent, or need more memory than allowed.

    Args:
        name: name of the graph, for error messages.
    """
    try:
        size = row_bytes(graph, tensors)
    except (ValueError, IndexError, KeyError, TypeError, MemoryError, OverflowError) as error:
        raise InputError(
            f"the operations of {name} must fit one another and the weights",
            " ".join(str(error).split()),
            "The file is damaged: use the file of a complete run.",
        ) from None
    check_memory(size, f"the values of {name}")


def _values(
    graph: Graph, tensors: Tensors, inputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The inputs and the values that operations compute, by name."""
    values = {name: np.asarray(array, "float32") for name, array in inputs.items()}
    with np.errstate(over="ignore", under="ignore"):  # exp gives infinity or zero, as in Keras
        for operation in graph.operations:
            inputs_of = [values[name] for name in operation.inputs]
            values[operation.output] = operation.compute(inputs_of, tensors)
    return values
