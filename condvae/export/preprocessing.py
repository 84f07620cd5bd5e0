"""Graphs with preprocessing, whose inputs are stored data: pixels 0 to x_max, class codes."""

from condvae.graph.graph import Graph, Input
from condvae.graph.operations import Affine, OneHot, Operation, Reshape
from condvae.likelihoods import likelihood_named
from condvae.runs.record import RunRecord

Steps = tuple[Input, list[Operation]]


def with_preprocessing(graph: Graph, record: RunRecord) -> Graph:
    """The same graph, preceded by the preprocessing of x and y.

    x becomes uint8 (batch, *image_shape) if the run was trained on integers, or classes with one
    channel for label maps; y becomes int64 (batch,) codes if it is a class, uint8 if it is an
    image. Other conditions, numbers and rows of tables are unchanged.
    """
    inputs, operations, ready = [], [], {}
    for given in graph.inputs:
        stored, steps = given, []
        if given.name == "x":
            stored, steps = _stored_x(given, record)
        if given.name == "y":
            stored, steps = _stored_y(given, record)
        inputs.append(stored)
        operations += steps
        ready[given.name] = steps[-1].output if steps else given.name
    for operation in graph.operations:
        # operations that read the input now read the preprocessed input
        renamed = tuple(ready.get(name, name) for name in operation.inputs)
        operations.append(operation.model_copy(update={"inputs": renamed}))
    return Graph(inputs=tuple(inputs), operations=tuple(operations), outputs=graph.outputs)


def _stored_x(given: Input, record: RunRecord) -> Steps:
    """Classes become one-hot, levels become numbers in [0, 1]; counts and floats are unchanged."""
    preprocessing = record.preprocessing
    if preprocessing.table is not None or preprocessing.assumption.startswith("float"):
        return given, []
    stored = Input(name="x", shape=preprocessing.image_shape, dtype="uint8")
    if preprocessing.pixel_classes is not None:
        flat = Reshape(inputs=("x",), output="x_classes", shape=given.shape[:-1])
        size = given.shape[-1]
        return stored, [flat, OneHot(inputs=("x_classes",), output="x_one_hot", size=size)]
    if likelihood_named(record.spec.model.likelihood).as_stored:
        return stored, []
    return stored, [Affine(inputs=("x",), output="x_scaled", factor=1 / preprocessing.x_max)]


def _stored_y(given: Input, record: RunRecord) -> Steps:
    """Codes become one-hot, levels of an image become numbers in [0, 1]."""
    condition = record.condition
    if condition.classes is not None:
        stored = Input(name="y", shape=(), dtype="int64")
        return stored, [OneHot(inputs=("y",), output="y_one_hot", size=condition.dim)]
    if condition.is_image:  # not a part of x, which consists of floats
        stored = Input(name="y", shape=given.shape, dtype="uint8")
        return stored, [Affine(inputs=("y",), output="y_scaled", factor=1 / condition.white)]
    return given, []
