"""Graphs that every reader of graphs must agree on: single operations, and whole networks."""

import numpy as np

from condvae.graph.graph import Graph, Input
from condvae.graph.operations import (
    FUNCTIONS,
    Affine,
    Combination,
    Concatenate,
    Convolution,
    Dense,
    Function,
    Largest,
    OneHot,
    Reshape,
    Shift,
    Slice,
    Transpose,
    Upsample,
)
from condvae.models import build_model, network_variables
from condvae.spec import Signature, Spec

ONE, TWO = {"inputs": ("x",), "output": "f"}, {"inputs": ("x", "y"), "output": "f"}
OPERATIONS = {
    "dense": Dense(**ONE, kernel="square", bias="wide"),
    "dense without a bias": Dense(**ONE, kernel="square"),
    "convolution": Convolution(**ONE, kernel="kernel", bias="bias", strides=(2, 3)),
    "valid convolution": Convolution(**ONE, kernel="kernel", padding="valid"),
    "kernel over the image": Convolution(**ONE, kernel="large"),
    "add": Combination(**TWO, function="add"),
    "multiply": Combination(inputs=("x", "y", "x"), output="f", function="multiply"),
    "less": Combination(**TWO, function="less"),
    "broadcast": Combination(inputs=("x", "row"), output="f", function="add"),
    "affine": Affine(**ONE, factor=2.1, offset=-1.3),
    "shift": Shift(**ONE, tensor="bias"),
    **{f"concatenate {axis}": Concatenate(**TWO, axis=axis) for axis in (1, 2, 3)},
    "slice": Slice(**ONE, axis=2, start=1, stop=4),
    "slice beyond the end": Slice(**ONE, axis=1, start=2, stop=9),
    "reshape": Reshape(**ONE, shape=(7, 10)),
    "transpose": Transpose(**ONE, axes=(2, 3, 1)),
    "upsample": Upsample(**ONE, factors=(2, 3)),
    "largest": Largest(**ONE),
    "one hot": OneHot(inputs=("code",), output="f", size=3),
    **{name: Function(**ONE, function=name) for name in FUNCTIONS},
}


def operation_case(name):
    """(graph, tensors, inputs) of one operation, and the input x, which comes out again."""
    rng = np.random.default_rng(0)
    tensors = {
        "square": rng.standard_normal((2, 3), "float32"),
        "kernel": rng.standard_normal((3, 4, 2, 2), "float32"),
        "large": rng.standard_normal((6, 9, 2, 5), "float32"),
        "bias": rng.standard_normal(2, "float32"),
        "wide": rng.standard_normal(3, "float32"),
    }
    shapes = {"x": (5, 7, 2), "y": (5, 7, 2), "row": (1, 7, 1), "code": (2,)}
    inputs = {key: 3 * rng.standard_normal((4, *of), "float32") for key, of in shapes.items()}
    inputs["x"][inputs["x"] < -2] = 0  # which the page's engine passes over
    inputs["code"] = rng.integers(-1, 5, (4, 2)).astype("float32")
    if name == "log1p":
        inputs["x"] = abs(inputs["x"])
    given = tuple(Input(name=key, shape=shape) for key, shape in shapes.items())
    operations, outputs = (OPERATIONS[name],), {"result": "f", "again": "x"}
    return Graph(inputs=given, operations=operations, outputs=outputs), tensors, inputs


EVERY_LAYER = {"condition_at": "every_layer"}
CONVOLUTIONAL = {"architecture": "convolutional", "hidden_dims": (3, 4)}
MIXER = {"architecture": "mixer", "activation": "gelu"}
FLOW = {"prior": "flow", "coupling_dims": (6,)}
LADDER = {"prior": "ladder", "coupling_dims": (6,), "latent_dim": 5, "latent_groups": (2, 1, 2)}
CONDITIONAL = {"prior": "conditional", "baseline": "joint"}
SHAPE, LARGE, CLASSES = (5, 7, 1), (70, 66, 3), (3,)
# settings of the spec, shape of y, columns of a table
NETWORKS = {
    "mlp": ({"likelihood": "continuous_bernoulli"}, CLASSES, None),
    "learned scale": (
        {**CONDITIONAL, "likelihood": "normal", "scale": "learned", "dropout": 0.3},
        CLASSES,
        None,
    ),
    "silu, every layer, counts": (
        {**EVERY_LAYER, **CONDITIONAL, "activation": "silu", "likelihood": "poisson"},
        CLASSES,
        None,
    ),
    "varied counts": ({**CONDITIONAL, "likelihood": "negative_binomial"}, CLASSES, None),
    "elu, z alone, binarised": (
        {"activation": "elu", "decoder_sees": "z", "pixels": "dynamic"},
        CLASSES,
        None,
    ),
    "tanh": ({"activation": "tanh", "likelihood": "normal", "scale": 0.3}, CLASSES, None),
    "residual, gelu": (
        {**EVERY_LAYER, **CONDITIONAL, "architecture": "residual", "activation": "gelu"},
        CLASSES,
        None,
    ),
    "residual, flow, binarised": (
        {**FLOW, "architecture": "residual", "hidden_dims": (8, 8), "pixels": "dynamic"},
        CLASSES,
        None,
    ),
    "convolutional": (CONVOLUTIONAL, CLASSES, None),
    "convolutional, silu, baseline": (
        {**CONVOLUTIONAL, **CONDITIONAL, "activation": "silu"},
        CLASSES,
        None,
    ),
    "convolutional, image, flow": (
        {**CONVOLUTIONAL, **CONDITIONAL, **FLOW, "task": "image"},
        SHAPE,
        None,
    ),
    "convolutional, other size, scales": (
        {**CONVOLUTIONAL, "likelihood": "normal", "scale": "per_dimension", "task": "image"},
        (3, 4, 2),
        None,
    ),
    "mixer": ({**MIXER, "hidden_dims": (6, 6)}, CLASSES, None),
    "mixer, padded image, flow, baseline": (
        {**MIXER, **CONDITIONAL, **FLOW, "task": "image", "hidden_dims": (16,)},
        (29, 8, 2),
        None,
    ),
    "mixer, image": ({**MIXER, **CONDITIONAL, "task": "image"}, SHAPE, None),
    "label maps": ({"task": "image", "likelihood": "categorical"}, SHAPE, None),
    "table": (
        {"likelihood": "table"},
        CLASSES,
        ((1, 0), (3, -1), (4, 2)),
    ),
    "large image, levels": (
        {"architecture": "residual", "likelihood": "discretised_logistic", "task": "image"},
        (66, 3, 3),
        None,
    ),
    "flow": ({**FLOW, "latent_dim": 3}, CLASSES, None),
    "flow without y": ({**FLOW, "couplings": 3, "prior_sees": "nothing"}, CLASSES, None),
    "ladder": ({**CONDITIONAL, **LADDER, "pixels": "dynamic"}, CLASSES, None),
    "ladder without y": ({**LADDER, "prior_sees": "nothing"}, CLASSES, None),
    "classifier": ({"labelled": 3, "encoder_sees": "x"}, CLASSES, None),
    "deterministic": ({"network": "deterministic", "baseline": "joint"}, CLASSES, None),
    "nothing trains the encoder": ({**CONDITIONAL, "alpha": 0.0}, CLASSES, None),
}


def random_network(name):
    """An untrained model whose weights are random, those that start at zero too."""
    settings, condition_shape, columns = NETWORKS[name]
    shape = LARGE if name.startswith("large") else SHAPE
    shape = shape if columns is None else (sum(size + (place >= 0) for size, place in columns),)
    spec = Spec().override(**{"hidden_dims": (6, 4), **settings})
    x_max = 4 if spec.model.likelihood == "categorical" else 255
    model = build_model(spec, Signature(shape, condition_shape, x_max, columns=columns))
    rng = np.random.default_rng(0)
    for variable in network_variables(model).values():
        if variable.trainable:  # others are constants of a layer
            variable.assign(variable + 0.1 * rng.standard_normal(variable.shape))
    return model


def random_inputs(graph):
    """Five rows for a network's graph."""
    rng = np.random.default_rng(1)
    return {
        given.name: rng.random((5, *given.shape), dtype="float32")
        if given.name in ("x", "y", "pixel_noise")
        else rng.standard_normal((5, *given.shape), dtype="float32")
        for given in graph.inputs
    }
