"""The graphs of whole models say what Keras says."""

import keras
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.graph.graph import check_graph, run_graph
from condvae.graph.networks import model_graphs
from condvae.models import build_model, inference, network_tensors, network_variables
from condvae.spec import Spec

EVERY_LAYER = {"condition_at": "every_layer"}
CONVOLUTIONAL = {"architecture": "convolutional", "hidden_dims": (3, 4)}
FLOW = {"prior": "flow", "coupling_dims": (6,)}
CONDITIONAL = {"prior": "conditional", "baseline": "joint"}
SHAPE, CLASSES = (5, 7, 1), (3,)
# settings of the spec, shape of y, columns of a table
MODELS = {
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
    "convolutional": (CONVOLUTIONAL, CLASSES, None),
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
    "label maps": ({"task": "image", "likelihood": "categorical"}, SHAPE, None),
    "table": (
        {"likelihood": "table"},
        CLASSES,
        (("normal", 2), ("categorical", 3), ("poisson", 1), ("normal", 1)),
    ),
    "flow": ({**FLOW, "latent_dim": 3}, CLASSES, None),
    "flow without y": ({**FLOW, "couplings": 3, "prior_sees": "nothing"}, CLASSES, None),
    "classifier": ({"labelled": 3, "encoder_sees": "x"}, CLASSES, None),
    "deterministic": ({"network": "deterministic", "baseline": "joint"}, CLASSES, None),
    "nothing trains the encoder": ({**CONDITIONAL, "alpha": 0.0}, CLASSES, None),
}


def random_model(settings, condition_shape, columns):
    """An untrained model whose weights are random, those that start at zero too."""
    shape = SHAPE if columns is None else (sum(size for _, size in columns),)
    spec = Spec().override(**{"hidden_dims": (6, 4), **settings})
    x_max = 4 if spec.model.likelihood == "categorical" else 255
    model = build_model(spec, shape, condition_shape, x_max, columns=columns)
    rng = np.random.default_rng(0)
    for variable in network_variables(model).values():
        variable.assign(variable + 0.1 * rng.standard_normal(variable.shape))
    return model


def random_inputs(graph):
    rng = np.random.default_rng(1)
    return {
        given.name: rng.random((5, *given.shape), dtype="float32")
        if given.name in ("x", "y", "pixel_noise")
        else rng.standard_normal((5, *given.shape), dtype="float32")
        for given in graph.inputs
    }


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
    """What the functions of these parts say, compiled as one."""

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


@pytest.mark.parametrize("name", MODELS)
def test_the_graphs_of_a_model_are_keras_s(name):
    model = random_model(*MODELS[name])
    tensors, graphs = network_tensors(model), model_graphs(model)
    parts = {part for part in FUNCTIONS if getattr(model, part) is not None}
    assert set(graphs) == parts - ({"encoder"} if not model.alpha else set())
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


def test_a_network_of_ones_own_may_hold_networks():
    z, y = keras.Input((2,), name="z"), keras.Input((3,), name="y")
    inner_z = keras.Input((2,))
    inner = keras.Model(inner_z, keras.layers.Dense(5, "relu")(inner_z), name="inner")
    other = keras.Model({"z": z, "y": y}, keras.layers.Concatenate()([inner(z), inner(z), y]))
    product = keras.layers.Multiply()([other({"z": z, "y": y})] * 2)
    logits = keras.layers.Reshape((5, 7, -1))(keras.layers.Dense(35, use_bias=False)(product))
    decoder = keras.Model({"z": z, "y": y}, logits, name="own")
    spec = Spec().override(hidden_dims=(6,))
    model = build_model(spec, SHAPE, CLASSES, networks={"decoder": decoder})
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
    model = build_model(Spec(), (4, 3, 1), CLASSES, networks={"decoder": decoder})
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
        model_graphs(build_model(Spec().override(**settings), SHAPE, CLASSES))
