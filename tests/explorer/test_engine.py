"""The page's engine says what the NumPy reader says; whole models: tests/graph/test_networks.py."""

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from graph_cases import OPERATIONS, operation_case
from graph_readers import assert_the_page_agrees, run_node

from condvae.explorer import modules
from condvae.graph.graph import Graph, Input
from condvae.graph.operations import FUNCTIONS, AnyOperation, Dense

PAGE = Path(modules.__file__).parent / "page"


def test_every_operation():
    union, _ = get_args(AnyOperation)
    assert {type(operation) for operation in OPERATIONS.values()} == set(get_args(union))
    assert_the_page_agrees([operation_case(name) for name in OPERATIONS])


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
