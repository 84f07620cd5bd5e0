"""Operations, one by one, against loops; graphs that are wrong; the file."""

import itertools
import json
import math
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condvae.checks import InputError
from condvae.graph.graph import Graph, Input, check_graph, run_graph
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
from condvae.graph.stored import graphs_to_json, parse_graphs

OF_ONE_NUMBER = {
    "relu": lambda x: max(x, 0.0),
    "silu": lambda x: x / (1 + math.exp(-x)),
    "gelu": lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))),
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softplus": lambda x: math.log1p(math.exp(-abs(x))) + max(x, 0),
    "exp": math.exp,
    "log1p": math.log1p,
    "langevin": lambda x: 1 / math.tanh(x) - 1 / x,
}


def computed(operation, *values, **tensors):
    """One operation's answer, float32, and of an empty batch its shape."""
    values = [np.asarray(value, "float32") for value in values]
    result = operation.compute(values, tensors)
    empty = operation.compute([value[:0] for value in values], tensors)
    assert result.dtype == empty.dtype == "float32"
    assert empty.shape == (0, *result.shape[1:])
    return result


@pytest.mark.parametrize("name", OF_ONE_NUMBER)
def test_functions_of_one_number(name):
    numbers = [-9.5, -3.0, -0.51, -0.49, -1e-3, 1e-3, 0.3, 0.5, 2.0, 7.0, 30.0]
    numbers = [x for x in numbers if x > -1] if name == "log1p" else numbers
    operation = Function(inputs=("x",), output="f", function=name)
    expected = [OF_ONE_NUMBER[name](x) for x in numbers]
    np.testing.assert_allclose(computed(operation, numbers), expected, rtol=1e-5, atol=1e-6)


def test_every_function_has_a_meaning():
    names = set(get_args(Function.model_fields["function"].annotation))
    assert names == set(FUNCTIONS) == {*OF_ONE_NUMBER, "softmax"}


def test_softmax_of_large_numbers():
    operation = Function(inputs=("x",), output="f", function="softmax")
    shares = computed(operation, [[1000.0, 1000.0 + math.log(3)], [-5, 5]])
    np.testing.assert_allclose(shares[0], [0.25, 0.75], rtol=1e-4)
    np.testing.assert_allclose(shares.sum(axis=-1), 1, rtol=1e-6)


@given(
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["same", "valid"]),
)
def test_a_convolution_is_its_sum(size, kernel, strides, padding):
    rng = np.random.default_rng(0)
    if padding == "valid":
        size = tuple(max(s, k) for s, k in zip(size, kernel, strict=True))
    image = rng.standard_normal((2, *size, 2)).astype("float32")
    weights = rng.standard_normal((*kernel, 2, 3)).astype("float32")
    bias = rng.standard_normal(3).astype("float32")
    operation = Convolution(
        inputs=("x",), output="f", kernel="k", bias="b", strides=strides, padding=padding
    )
    features = computed(operation, image, k=weights, b=bias)
    before, shape = [0, 0], []
    for axis in range(2):
        n, k, s = size[axis], kernel[axis], strides[axis]
        if padding == "same":
            shape.append(-(-n // s))
            before[axis] = max((shape[axis] - 1) * s + k - n, 0) // 2
        else:
            shape.append((n - k) // s + 1)
    assert features.shape == (2, *shape, 3)
    for row, column in itertools.product(*map(range, shape)):
        total = bias + np.zeros((2, 3))
        for i, j in itertools.product(*map(range, kernel)):
            top, left = row * strides[0] + i - before[0], column * strides[1] + j - before[1]
            if 0 <= top < size[0] and 0 <= left < size[1]:
                total = total + image[:, top, left] @ weights[i, j]
        np.testing.assert_allclose(features[:, row, column], total, rtol=1e-4, atol=1e-5)


def test_small_operations():
    x = np.arange(12, dtype="float32").reshape(1, 2, 3, 2)
    one = {"inputs": ("x",), "output": "f"}
    two = {"inputs": ("x", "y"), "output": "f"}
    equal = np.testing.assert_array_equal
    kernel, bias = np.array([[1, 2], [3, 4]], "float32"), np.array([10, 20], "float32")
    equal(computed(Dense(**one, kernel="k", bias="b"), [[1, 1]], k=kernel, b=bias), [[14, 26]])
    equal(computed(Dense(**one, kernel="k"), [[1, 1]], k=kernel), [[4, 6]])
    equal(computed(Affine(**one, factor=2, offset=1), [[1, 2]]), [[3, 5]])
    equal(computed(Shift(**one, tensor="b"), [[1, 2]], b=bias), [[11, 22]])
    equal(computed(Combination(**two, function="add"), [[1, 2]], [[3, 4]]), [[4, 6]])
    equal(computed(Combination(**two, function="multiply"), [[1, 2]], [[3, 4]]), [[3, 8]])
    equal(computed(Combination(**two, function="less"), [[1, 4]], [[3, 4]]), [[1, 0]])
    equal(computed(Concatenate(**two, axis=1), [[1]], [[2, 3]]), [[1, 2, 3]])
    equal(computed(Slice(**one, axis=2, start=1, stop=3), x), x[:, :, 1:3])
    equal(computed(Reshape(**one, shape=(4, 3)), x), x.reshape(1, 4, 3))
    equal(computed(Transpose(**one, axes=(2, 1, 3)), x), x.transpose(0, 2, 1, 3))
    equal(computed(Largest(**one), x), [[10, 11]])
    equal(computed(OneHot(**one, size=3), [1, 5]), [[0, 1, 0], [0, 0, 0]])
    larger = computed(Upsample(**one, factors=(2, 3)), x)
    assert larger.shape == (1, 4, 9, 2)
    for row, column in itertools.product(range(4), range(9)):
        equal(larger[0, row, column], x[0, row // 2, column // 3])


X = Input(name="x", shape=(4,))


def graph(*operations, outputs=None):
    return Graph(inputs=(X,), operations=operations, outputs=outputs or {"f": "f"})


def test_inputs_that_are_not_the_graph_s():
    twice = graph(Affine(inputs=("x",), output="f", factor=2.0))
    np.testing.assert_array_equal(run_graph(twice, {}, {"x": np.ones((2, 4))})["f"], 2)
    with pytest.raises(InputError, match="inputs must be x; received z"):
        run_graph(twice, {}, {"z": np.ones((2, 4))})
    with pytest.raises(InputError, match=r"x must have the shape \(N, 4\)"):
        run_graph(twice, {}, {"x": np.ones((2, 5))})


@pytest.mark.parametrize(
    ("operations", "outputs"),
    [
        ([Affine(inputs=("w",), output="f")], {"f": "f"}),
        ([Affine(inputs=("x",), output="x")], {"f": "x"}),
        ([Affine(inputs=("x",), output="f")], {"g": "g"}),
    ],
)
def test_values_that_nobody_made_are_refused(operations, outputs):
    with pytest.raises(
        ValueError, match=r"different names|before it is computed|no operation computes"
    ):
        graph(*operations, outputs=outputs)


@pytest.mark.parametrize(
    "operation",
    [
        Reshape(inputs=("x",), output="f", shape=(5,)),
        Dense(inputs=("x",), output="f", kernel="square"),
        Dense(inputs=("x",), output="f", kernel="missing"),
        Convolution(inputs=("x",), output="f", kernel="square"),
        Upsample(inputs=("x",), output="f", factors=(2**31, 2**31)),
        Concatenate(inputs=("x", "x"), output="f", axis=7),
    ],
    ids=lambda operation: operation.kind,
)
def test_operations_that_do_not_fit_are_refused_before_they_run(operation):
    with pytest.raises(InputError, match=r"of a test must|must fit into"):
        check_graph(graph(operation), {"square": np.ones((3, 3), "float32")}, "a test")


def test_a_graph_that_doubles_and_doubles_is_refused_before_it_runs():
    operations, last = [], "x"
    for depth in range(50):
        operations.append(Concatenate(inputs=(last, last), output=f"f{depth}", axis=1))
        last = f"f{depth}"
    with pytest.raises(InputError, match="the values of a test must fit into half"):
        check_graph(graph(*operations, outputs={"f": last}), {}, "a test")


def test_the_file_is_read_as_it_was_written():
    graphs = {
        "decoder": graph(
            Dense(inputs=("x",), output="dense", kernel="decoder/kernel"),
            Function(inputs=("dense",), output="f", function="relu"),
        )
    }
    text = graphs_to_json(graphs)
    assert parse_graphs(text, "graph.json") == graphs
    fields = json.loads(text)
    for change in (
        {"format": 2},
        {"sha256": "0" * 64},
        {"graphs": {}},
        {"graphs": {"decoder": {}}},
        {"more": 1},
    ):
        with pytest.raises(InputError, match=r"graph.json must hold graphs of format 1"):
            parse_graphs(json.dumps({**fields, **change}), "graph.json")
    for damaged in ("", "[]", text[:-9], text.replace("relu", "eval"), " " * (2**24 + 1)):
        with pytest.raises(InputError, match=r"graph.json must hold graphs of format 1"):
            parse_graphs(damaged, "graph.json")


def test_reading_a_run_and_running_its_graph_imports_no_keras():
    code = (
        "import sys, condvae.runs, condvae.inference.trained\n"
        "print(sorted({'keras', 'jax', 'scipy', 'sklearn', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
