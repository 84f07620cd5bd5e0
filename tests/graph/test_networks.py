"""The graphs of whole models say what Keras says."""

import keras
import numpy as np
import pytest
from graph_cases import CLASSES, NETWORKS, SHAPE, random_inputs, random_network
from graph_readers import assert_onnx_agrees, assert_the_page_agrees

from condvae.checks import InputError
from condvae.graph.graph import check_graph, run_graph
from condvae.graph.networks import model_graphs
from condvae.models import build_model, inference, network_tensors
from condvae.spec import Signature, Spec


def probabilities(model, x):
    return {"probability": keras.ops.exp(inference.classify(model, x)["log_prob"])}


FUNCTIONS = {
    "encoder": (inference.encode, ("mean", "logvar")),
    "decoder": (inference.decode, ("x_mean",)),
    "prior": (inference.draw_prior, ("z",)),
    "baseline": (inference.guess, ("x_mean",)),
    "classifier": (probabilities, ("probability",)),
}


def said_by_keras(model, inputs):
    """The outputs of these parts' functions, compiled as one."""

    def together(model, **flat):
        return {
            f"{part} {name}": FUNCTIONS[part][0](
                model, **{key: flat[f"{part} {key}"] for key in inputs[part]}
            )[name]
            for part in inputs
            for name in FUNCTIONS[part][1]
        }

    flat = {f"{part} {key}": array for part, of in inputs.items() for key, array in of.items()}
    return inference.CompiledFunction(together, model).run(flat)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_reader_of_a_model_s_graphs_says_what_keras_does(name):
    """NumPy as Keras; onnxruntime and the page's engine as NumPy."""
    model = random_network(name)
    tensors, graphs = network_tensors(model), model_graphs(model)
    parts = {part for part in FUNCTIONS if getattr(model, part) is not None}
    assert set(graphs) == parts - ({"encoder"} if not model.objective.trains_encoder else set())
    inputs = {part: random_inputs(graph) for part, graph in graphs.items()}
    expected = said_by_keras(model, inputs)
    for part, graph in graphs.items():
        check_graph(graph, tensors, part)
        found = run_graph(graph, tensors, inputs[part])
        for output in FUNCTIONS[part][1]:
            array = expected[f"{part} {output}"]
            assert found[output].dtype == "float32"
            assert np.ptp(array) > 1e-3
            np.testing.assert_allclose(found[output], array, rtol=1e-5, atol=1e-5)
    if {"mean", "logvar"} <= graphs.get("prior", graph).outputs.keys():
        outputs = run_graph(graphs["prior"], tensors, inputs["prior"])
        drawn = outputs["mean"] + np.exp(outputs["logvar"] / 2) * inputs["prior"]["noise"]
        np.testing.assert_allclose(outputs["z"], drawn, rtol=1e-5, atol=1e-5)
    cases = [
        (graph, {key: tensors[key] for key in graph.weights}, inputs[part])
        for part, graph in graphs.items()
    ]
    assert_onnx_agrees(cases)
    assert_the_page_agrees(cases)


def test_a_network_of_ones_own_may_hold_networks():
    z, y = keras.Input((2,), name="z"), keras.Input((3,), name="y")
    inner_z = keras.Input((2,))
    inner = keras.Model(inner_z, keras.layers.Dense(5, "relu")(inner_z), name="inner")
    other = keras.Model({"z": z, "y": y}, keras.layers.Concatenate()([inner(z), inner(z), y]))
    product = keras.layers.Multiply()([other({"z": z, "y": y})] * 2)
    logits = keras.layers.Reshape((5, 7, -1))(keras.layers.Dense(35, use_bias=False)(product))
    decoder = keras.Model({"z": z, "y": y}, logits, name="own")
    spec = Spec().override(hidden_dims=(6,))
    model = build_model(spec, Signature(SHAPE, CLASSES), networks={"decoder": decoder})
    graph = model_graphs(model)["decoder"]
    inputs = {"decoder": random_inputs(graph)}
    found = run_graph(graph, network_tensors(model), inputs["decoder"])["x_mean"]
    np.testing.assert_allclose(found, said_by_keras(model, inputs)["decoder x_mean"], atol=1e-5)


class Twice(keras.layers.Dense):
    def call(self, inputs, training=None):
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    ("layer", "part"),
    [
        (keras.layers.LayerNormalization(name="own_norm"), "LayerNormalization"),
        (Twice(4, name="own_twice"), "Twice"),
        (keras.layers.Dense(4, activation="mish", name="own_dense"), "mish"),
        (keras.layers.Dense(4, dtype="mixed_bfloat16", name="own_half"), "bfloat16"),
    ],
)
def test_a_layer_that_cannot_be_exported_is_named(layer, part):
    inputs = {"z": keras.Input((2,), name="z")}
    logits = keras.layers.Dense(12, name="own_logits")(layer(inputs["z"]))
    decoder = keras.Model(inputs, keras.layers.Reshape((4, 3, 1))(logits))
    model = build_model(Spec(), Signature((4, 3, 1), CLASSES), networks={"decoder": decoder})
    with pytest.raises(InputError) as caught:
        model_graphs(model)
    assert f"decoder/{layer.name}" in str(caught.value)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "part"),
    [({"prior": "vampprior"}, "VampPrior"), ({"likelihood": "logistic_mixture"}, "LogisticMix")],
)
def test_a_part_that_cannot_be_exported_is_named(settings, part):
    with pytest.raises(InputError, match=part):
        model_graphs(build_model(Spec().override(**settings), Signature(SHAPE, CLASSES)))
