"""From a graph to ONNX, with one or several nodes for each operation.

Images are (batch, height, width, channels), as everywhere here; each convolution is between two
transpositions, which runtimes remove.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from condvae.graph.graph import Graph, output_shapes
from condvae.graph.operations import (
    Affine,
    Combination,
    Concatenate,
    Convolution,
    Dense,
    Function,
    Largest,
    OneHot,
    Operation,
    Reshape,
    Shift,
    Slice,
    Tensors,
    Transpose,
    Upsample,
)

OPSET, IR_VERSION = 18, 10
BATCH = "batch"
DTYPES = {
    "float32": TensorProto.FLOAT,
    "uint8": TensorProto.UINT8,
    "int64": TensorProto.INT64,
}


def to_onnx(graph: Graph, tensors: Tensors, name: str) -> onnx.ModelProto:
    """The graph as a checked ONNX model with the same input and output names, any batch size.

    Args:
        tensors: the weights by name, which are embedded in the model.
        name: name of the model.
    """
    nodes = _Nodes(tensors)
    for given in graph.inputs:
        value = given.name
        if given.dtype != "float32":
            value = nodes.add("Cast", given.name, to=TensorProto.FLOAT)
        nodes.values[given.name] = value
    for operation in graph.operations:
        inputs = [nodes.values[value] for value in operation.inputs]
        nodes.values[operation.output] = EMITTERS[type(operation)](nodes, operation, *inputs)
    for output, value in graph.outputs.items():
        # an output has its own name, and one value may be two outputs
        nodes.add("Identity", nodes.values[value], output=output)
    shapes = output_shapes(graph, tensors)
    model = helper.make_model(
        helper.make_graph(
            nodes.nodes,
            name,
            [_described(given.name, given.dtype, given.shape) for given in graph.inputs],
            [_described(key, "float32", shape) for key, shape in shapes.items()],
            nodes.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="condvae",
    )
    # with shape inference, which detects a wrong operator
    onnx.checker.check_model(model, full_check=True)
    return model


def _described(name: str, dtype: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    """An input or output with a variable batch size."""
    return helper.make_tensor_value_info(name, DTYPES[dtype], [BATCH, *shape])


class _Nodes:
    """Collects nodes and constants.

    Attributes:
        values: ONNX's names of the graph's values.
    """

    def __init__(self, tensors: Tensors):
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.values: dict[str, str] = {}
        self._tensors = tensors

    def add(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node and return its output."""
        # starts with a slash, unlike the names of inputs and outputs
        output = output or f"/{len(self.nodes)}/{kind}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, array: Any, dtype: str = "float32") -> str:
        """Add a constant."""
        name = f"/constant/{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.array(array, dtype), name))
        return name

    def weight(self, name: str, axes: tuple[int, ...] | None = None) -> str:
        """A tensor of the run, transposed if axes are given."""
        array = np.transpose(self._tensors[name], axes) if axes else self._tensors[name]
        # two layers may use the same tensor
        if name not in {known.name for known in self.initializers}:
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name


def _dense(nodes: _Nodes, dense: Dense, x: str) -> str:
    """A dense layer as MatMul and Add."""
    product = nodes.add("MatMul", x, nodes.weight(dense.kernel))
    return product if dense.bias is None else nodes.add("Add", product, nodes.weight(dense.bias))


def _convolution(nodes: _Nodes, convolution: Convolution, x: str) -> str:
    """A convolution as Conv between transposes, since ONNX is channels-first."""
    # (height, width, inputs, outputs) -> (outputs, inputs, height, width)
    weights = [nodes.weight(convolution.kernel, (3, 2, 0, 1))]
    if convolution.bias is not None:
        weights.append(nodes.weight(convolution.bias))
    features = nodes.add(
        "Conv",
        nodes.add("Transpose", x, perm=(0, 3, 1, 2)),
        *weights,
        strides=convolution.strides,
        auto_pad={"same": "SAME_UPPER", "valid": "VALID"}[convolution.padding],
    )
    return nodes.add("Transpose", features, perm=(0, 2, 3, 1))


def _function(nodes: _Nodes, function: Function, x: str) -> str:
    """An elementwise function, as one or several nodes."""
    return FUNCTIONS[function.function](nodes, x)


def _gelu(nodes: _Nodes, x: str) -> str:
    """x/2 + x/2 erf(x / sqrt 2)."""
    half = nodes.add("Mul", x, nodes.constant(0.5))
    error = nodes.add("Erf", nodes.add("Mul", x, nodes.constant(math.sqrt(0.5))))
    return nodes.add("Add", half, nodes.add("Mul", half, error))


def _langevin(nodes: _Nodes, x: str) -> str:
    """coth x - 1 / x, using its Taylor series near 0."""
    near = nodes.add("Less", nodes.add("Abs", x), nodes.constant(0.5))
    far = nodes.add("Where", near, nodes.constant(1.0), x)
    coth = nodes.add("Reciprocal", nodes.add("Tanh", far))
    squared, taylor = nodes.add("Mul", x, x), nodes.constant(-1 / 4725)
    for coefficient in (2 / 945, -1 / 45, 1 / 3):
        product = nodes.add("Mul", squared, taylor)
        taylor = nodes.add("Add", product, nodes.constant(coefficient))
    difference = nodes.add("Sub", coth, nodes.add("Reciprocal", far))
    return nodes.add("Where", near, nodes.add("Mul", x, taylor), difference)


def _combination(nodes: _Nodes, combination: Combination, *inputs: str) -> str:
    """A combination, with a node for each input except the first."""
    kind = {"add": "Add", "multiply": "Mul", "less": "Less"}[combination.function]
    combined, *others = inputs
    for value in others:
        combined = nodes.add(kind, combined, value)
    if kind != "Less":
        return combined
    return nodes.add("Cast", combined, to=TensorProto.FLOAT)


def _affine(nodes: _Nodes, affine: Affine, x: str) -> str:
    """A factor and an offset as Mul and Add."""
    product = nodes.add("Mul", x, nodes.constant(affine.factor))
    return nodes.add("Add", product, nodes.constant(affine.offset)) if affine.offset else product


def _slice(nodes: _Nodes, part: Slice, x: str) -> str:
    """A part of one axis as Slice."""
    # inputs rather than attributes since opset 10
    places = [nodes.constant([n], "int64") for n in (part.start, part.stop, part.axis)]
    return nodes.add("Slice", x, *places)


def _upsample(nodes: _Nodes, upsample: Upsample, x: str) -> str:
    """Repeated pixels as Resize, with the nearest pixel before each position."""
    scales = nodes.constant([1, *upsample.factors, 1])
    settings = {
        # the settings with which Resize repeats each pixel, like NumPy's repeat
        "mode": "nearest",
        "nearest_mode": "floor",
        "coordinate_transformation_mode": "asymmetric",
    }
    return nodes.add("Resize", x, "", scales, **settings)


def _one_hot(nodes: _Nodes, one_hot: OneHot, x: str) -> str:
    """One-hot vectors as Equal, compared with each index."""
    column = nodes.add("Unsqueeze", x, nodes.constant([-1], "int64"))  # (batch, ..., 1)
    places = nodes.add("Equal", column, nodes.constant(np.arange(one_hot.size)))
    return nodes.add("Cast", places, to=TensorProto.FLOAT)


FUNCTIONS: dict[str, Callable[[_Nodes, str], str]] = {
    "relu": lambda nodes, x: nodes.add("Relu", x),
    "silu": lambda nodes, x: nodes.add("Mul", x, nodes.add("Sigmoid", x)),
    "gelu": _gelu,
    "elu": lambda nodes, x: nodes.add("Elu", x),
    "tanh": lambda nodes, x: nodes.add("Tanh", x),
    "sigmoid": lambda nodes, x: nodes.add("Sigmoid", x),
    "softmax": lambda nodes, x: nodes.add("Softmax", x, axis=-1),
    "softplus": lambda nodes, x: nodes.add("Softplus", x),
    "exp": lambda nodes, x: nodes.add("Exp", x),
    "log1p": lambda nodes, x: nodes.add("Log", nodes.add("Add", x, nodes.constant(1.0))),
    "langevin": _langevin,
}
EMITTERS: dict[type[Operation], Callable[..., str]] = {
    Dense: _dense,
    Convolution: _convolution,
    Function: _function,
    Combination: _combination,
    Affine: _affine,
    Shift: lambda nodes, shift, x: nodes.add("Add", x, nodes.weight(shift.tensor)),
    Concatenate: lambda nodes, joined, *inputs: nodes.add("Concat", *inputs, axis=joined.axis),
    Slice: _slice,
    # 0 preserves the batch size
    Reshape: lambda nodes, reshape, x: nodes.add(
        "Reshape", x, nodes.constant([0, *reshape.shape], "int64")
    ),
    Transpose: lambda nodes, transpose, x: nodes.add("Transpose", x, perm=(0, *transpose.axes)),
    Upsample: _upsample,
    Largest: lambda nodes, largest, x: nodes.add(
        "ReduceMax", x, nodes.constant([1, 2], "int64"), keepdims=0
    ),
    OneHot: _one_hot,
}
