"""From Keras's functional models to operations: the one place where layers are supported."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import keras
import numpy as np

from condvae.checks import InputError
from condvae.graph.graph import Graph, Input
from condvae.graph.operations import (
    Affine,
    Combination,
    Concatenate,
    Convolution,
    Dense,
    Function,
    Largest,
    Operation,
    Reshape,
    Shift,
    Slice,
    Transpose,
    Upsample,
)
from condvae.models.architectures.mixer import TokenNorm
from condvae.models.layers import LearnedScale, SoftBound

Reader = Callable[["Trace", Any, str, list[str]], str]

# Layers by their exact class, since a subclass may compute anything.
LAYERS: dict[type, Reader] = {}

_KNOWN_FUNCTIONS = get_args(Function.model_fields["function"].annotation)


class Trace:
    """Collects the operations of a graph; a value is represented by its name.

    Args:
        variables: the weights, by the names that the file uses.
    """

    def __init__(self, variables: Mapping[str, keras.Variable]):
        # by identity, since the names in the file differ from Keras's
        self._name_of = {id(variable): name for name, variable in variables.items()}
        self._tensors = {name: np.asarray(variable) for name, variable in variables.items()}
        self._inputs: list[Input] = []
        self._operations: list[Operation] = []
        self._empty: dict[str, np.ndarray] = {}  # values without rows, for their shapes

    def input(self, name: str, *shape: int) -> str:
        """Add an input of the graph, (batch, *shape)."""
        self._inputs.append(Input(name=name, shape=shape))
        self._empty[name] = np.zeros((0, *shape), "float32")
        return name

    def add(self, kind: type[Operation], name: str, *inputs: str, **settings: Any) -> str:
        """Add an operation and return its value, whose name is made unique."""
        # a layer may be called twice, and a user-defined network may have any names
        taken = sum(known.partition("#")[0] == name for known in self._empty)
        output = f"{name}#{taken + 1}" if taken else name
        operation = kind(inputs=inputs, output=output, **settings)
        self._operations.append(operation)
        values = [self._empty[value] for value in inputs]
        # computed without rows, so that each operation determines its own shape
        self._empty[output] = operation.compute(values, self._tensors)
        return output

    def apply(self, function: str, name: str, value: str) -> str:
        """Add a function of each number."""
        return self.add(Function, f"{name}/{function}", value, function=function)

    def affine(self, name: str, value: str, factor: float = 1.0, offset: float = 0.0) -> str:
        """Add factor * value + offset."""
        return self.add(Affine, name, value, factor=factor, offset=offset)

    def slice(self, name: str, value: str, where: slice) -> str:
        """Add a slice of the last axis."""
        axis = len(self.shape(value))
        return self.add(Slice, name, value, axis=axis, start=where.start, stop=where.stop)

    def first_half(self, name: str, value: str) -> str:
        """Add the first half of the last axis."""
        return self.slice(name, value, slice(0, self.shape(value)[-1] // 2))

    def reshape(self, name: str, value: str, shape: tuple[int, ...]) -> str:
        """Add a reshape; the shape does not include the batch axis."""
        return self.add(Reshape, name, value, shape=shape)

    def combine(self, function: str, name: str, *values: str) -> str:
        """Add an elementwise combination of two or more values, see `Combination`."""
        return self.add(Combination, name, *values, function=function)

    def concatenate(self, name: str, values: Iterable[str]) -> str:
        """Add a concatenation along the last axis."""
        values = list(values)
        return self.add(Concatenate, name, *values, axis=len(self.shape(values[0])))

    def shape(self, value: str) -> tuple[int, ...]:
        """Shape of one row of a value."""
        return self._empty[value].shape[1:]

    def weight(self, variable: keras.Variable) -> str:
        """The name of a variable in the weights file."""
        return self._name_of[id(variable)]

    def network(self, model: keras.Model, inputs: Mapping[str, str], name: str) -> Any:
        """The outputs of a functional model, in the model's own structure.

        Args:
            inputs: values by the names of the model's inputs; others are ignored.
            name: prefix of the values' names.

        Raises:
            InputError: a layer cannot be exported; the message names it.
        """

        return self._walk(model, {key: inputs[key] for key in model.input}, name)

    def _walk(self, model: keras.Model, inputs: Any, name: str) -> Any:
        """Trace layer by layer; inputs have the structure that the model takes."""

        def read(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
            values = [value for value in keras.tree.flatten(args) if isinstance(value, str)]
            place = f"{name}/{layer.name}"
            if isinstance(layer, keras.Model):
                return self._walk(layer, args[0], place)
            if type(layer) not in LAYERS:
                raise refused(type(layer).__name__, place)
            # NumPy and the browser compute in float32 only
            if layer.compute_dtype != "float32":
                raise refused(f"one that computes in {layer.compute_dtype}", place)
            return LAYERS[type(layer)](self, layer, place, values)

        # Keras's own walk through a functional model, with names instead of tensors
        walk: Any = getattr(model, "_run_through_graph", None)
        if walk is None:
            raise refused(type(model).__name__, name)
        return walk(inputs, call_fn=read)

    def graph(self, outputs: Mapping[str, str]) -> Graph:
        """The collected operations, without those that no output needs."""
        needed, operations = set(outputs.values()), []
        # in reverse order: a value is read after it is computed
        for operation in reversed(self._operations):
            if operation.output in needed:
                needed.update(operation.inputs)
                operations.insert(0, operation)
        return Graph(
            inputs=tuple(self._inputs), operations=tuple(operations), outputs=dict(outputs)
        )


def refused(what: str, place: str, known: Iterable[type] | None = None) -> InputError:
    """The error for a layer, or another part, without corresponding operations.

    Args:
        known: classes with operations; None: the layers.
    """
    names = sorted(kind.__name__ for kind in (LAYERS if known is None else known))
    return InputError(
        f"{place} must be one that can be exported: {', '.join(names)}",
        what,
        "Keras can still run it; to export the model, train it with one of these.",
    )


def _reads(*kinds: type) -> Callable[[Reader], Reader]:
    """Register a function as the reader of layers of these classes."""

    def register(reader: Reader) -> Reader:
        LAYERS.update(dict.fromkeys(kinds, reader))
        return reader

    return register


def _activated(trace: Trace, layer: Any, name: str, value: str) -> str:
    """The value after a layer's activation function."""
    function = keras.activations.serialize(layer.activation)
    if function == "linear":
        return value
    if function not in _KNOWN_FUNCTIONS:
        raise refused(f"the activation {function}", name)
    return trace.apply(function, name, value)


@_reads(keras.layers.Activation)
def _activation(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """An activation layer."""
    return _activated(trace, layer, name, *inputs)


@_reads(keras.layers.Dropout)
def _identity(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """The input itself: dropout and the like have no effect after training."""
    return inputs[0]


@_reads(keras.layers.Dense)
def _dense(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """x @ kernel + bias, followed by the activation."""
    return _activated(trace, layer, name, trace.add(Dense, name, *inputs, **_weights(trace, layer)))


@_reads(keras.layers.Conv2D)
def _convolution(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """A convolution of channels-last images, followed by the activation."""
    _check_channels_last(layer, name)
    if layer.groups != 1 or tuple(layer.dilation_rate) != (1, 1):
        raise refused("groups or dilation", name)
    settings = {"strides": tuple(layer.strides), "padding": layer.padding}
    weights = _weights(trace, layer)
    return _activated(
        trace, layer, name, trace.add(Convolution, name, *inputs, **settings, **weights)
    )


@_reads(keras.layers.UpSampling2D)
def _upsampling(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """Nearest-neighbour upsampling."""
    _check_channels_last(layer, name)
    if layer.interpolation != "nearest":
        raise refused(f"the interpolation {layer.interpolation}", name)
    return trace.add(Upsample, name, *inputs, factors=tuple(layer.size))


@_reads(keras.layers.Cropping2D)
def _cropping(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """A slice of each axis that is cropped."""
    _check_channels_last(layer, name)
    (value,) = inputs
    for axis, (before, after) in enumerate(layer.cropping, start=1):
        size = trace.shape(value)[axis - 1]
        if before or after:
            value = trace.add(Slice, name, value, axis=axis, start=before, stop=size - after)
    return value


@_reads(keras.layers.GlobalMaxPooling2D)
def _largest(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """The maximum of each channel over height and width."""
    _check_channels_last(layer, name)
    if layer.keepdims:
        raise refused("keepdims", name)
    return trace.add(Largest, name, *inputs)


@_reads(keras.layers.Flatten, keras.layers.Reshape)
def _reshaped(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """A reshape; Flatten is a reshape to a single axis."""
    before = trace.shape(inputs[0])
    is_flat = isinstance(layer, keras.layers.Flatten)
    after = (math.prod(before),) if is_flat else layer.compute_output_shape((None, *before))[1:]
    return trace.add(Reshape, name, *inputs, shape=tuple(after))


@_reads(keras.layers.Permute)
def _permuted(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """A transposition; Keras counts these axes from 1 as well."""
    return trace.add(Transpose, name, *inputs, axes=tuple(layer.dims))


@_reads(keras.layers.Concatenate)
def _concatenated(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """A concatenation along any axis except the batch axis."""
    # the axis may be negative; the batch axis counts as 0
    axis = layer.axis % (len(trace.shape(inputs[0])) + 1)
    return trace.add(Concatenate, name, *inputs, axis=axis)


@_reads(keras.layers.Add)
def _added(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """The sum."""
    return trace.add(Combination, name, *inputs, function="add")


@_reads(keras.layers.Multiply)
def _multiplied(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """The product."""
    return trace.add(Combination, name, *inputs, function="multiply")


@_reads(LearnedScale)
def _scaled(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """The means followed by GAIN * bias for each."""
    (mean,) = inputs
    # no operation computes a value with a batch axis from a tensor alone
    zeros = trace.add(Affine, f"{name}/zeros", mean, factor=0.0)
    bias = trace.add(Shift, f"{name}/bias", zeros, tensor=trace.weight(layer.bias))
    logvar = trace.add(Affine, f"{name}/logvar", bias, factor=layer.GAIN)
    return trace.add(Concatenate, name, mean, logvar, axis=len(trace.shape(mean)))


@_reads(keras.layers.Rescaling)
def _rescaled(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """scale * x + offset, where both are single numbers."""
    if np.ndim(layer.scale) or np.ndim(layer.offset):
        raise refused("different numbers for each channel", name)
    return trace.add(Affine, name, *inputs, factor=layer.scale, offset=layer.offset)


@_reads(SoftBound)
def _bounded(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """BOUND * tanh(value / BOUND)."""
    small = trace.add(Affine, f"{name}/small", *inputs, factor=1 / layer.BOUND)
    return trace.add(Affine, name, trace.apply("tanh", name, small), factor=layer.BOUND)


@_reads(TokenNorm)
def _normed(trace: Trace, layer: Any, name: str, inputs: list[str]) -> str:
    """Minus the mean, times exp(-log(variance + EPSILON) / 2), scaled and shifted."""
    (tokens,) = inputs
    share = trace.weight(layer.share)

    def product(what: str, *factors: str) -> str:
        return trace.add(Combination, f"{name}/{what}", *factors, function="multiply")

    mean = trace.add(Dense, f"{name}/mean", tokens, kernel=share)
    less = trace.add(Affine, f"{name}/less", mean, factor=-1.0)
    centred = trace.add(Combination, f"{name}/centred", tokens, less, function="add")
    squares = product("squares", centred, centred)
    variance = trace.add(Dense, f"{name}/variance", squares, kernel=share)
    # log(variance + EPSILON) as log1p of a multiple, which is precise for small variances
    multiple = trace.add(Affine, f"{name}/multiple", variance, factor=1 / layer.EPSILON)
    logarithm = trace.apply("log1p", name, multiple)
    offset = -0.5 * math.log(layer.EPSILON)
    half = trace.add(Affine, f"{name}/half", logarithm, factor=-0.5, offset=offset)
    normed = product("normed", centred, trace.apply("exp", name, half))
    zeros = trace.add(Affine, f"{name}/zeros", tokens, factor=0.0)
    scale = trace.add(Shift, f"{name}/scale", zeros, tensor=trace.weight(layer.scale))
    return trace.add(
        Shift, name, product("scaled", normed, scale), tensor=trace.weight(layer.shift)
    )


def _weights(trace: Trace, layer: Any) -> dict[str, str | None]:
    """Names of the kernel and of the bias, if there is one."""
    return {
        "kernel": trace.weight(layer.kernel),
        "bias": trace.weight(layer.bias) if layer.use_bias else None,
    }


def _check_channels_last(layer: Any, name: str) -> None:
    """Raise InputError for channels-first images."""
    if layer.data_format != "channels_last":
        raise refused(layer.data_format, name)
