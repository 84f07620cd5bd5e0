"""Every likelihood in a CVAE, what the decoder starts from, and networks that do not fit."""

import itertools
import math

import keras
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.likelihoods import LogisticMixtureLikelihood, NormalLikelihood, TableLikelihood
from condvae.likelihoods.normal import LEAST_SCALE
from condvae.models import CVAE, build_model, inference
from condvae.models.architectures import MLP
from condvae.models.layers import LearnedScale
from condvae.spec import Signature, Spec

COLUMNS = ((2, 1), (3, -1))
SMALL = {"latent_dim": 2, "hidden_dims": (5, 4)}
IMAGE = (4, 3, 2)


def rows(shape, kind, count=12):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, count)
    if kind == "table":
        states, classes = np.eye(2)[rng.integers(0, 2, count)], np.eye(3)[rng.integers(0, 3, count)]
        x = np.concatenate([states, classes, states[:, 1:] * rng.normal(size=(count, 1))], axis=1)
        return {"x": x.astype("float32"), "y": y}
    if kind == "vector":
        return {"x": rng.normal(size=(count, *shape)).astype("float32"), "y": y}
    return {"x": rng.integers(0, 256 if kind == "levels" else 9, (count, *shape)), "y": y}


CASES = {
    "continuous Bernoulli": ("levels", IMAGE, {"likelihood": "continuous_bernoulli"}),
    "mixture": ("levels", IMAGE, {"likelihood": "logistic_mixture", "components": 3}),
    "discretised": ("levels", IMAGE, {"likelihood": "discretised_logistic"}),
    "one scale": ("levels", IMAGE, {"likelihood": "normal", "scale": "learned"}),
    "scales": ("levels", IMAGE, {"likelihood": "normal", "scale": "per_dimension"}),
    "counts": ("counts", IMAGE, {"likelihood": "poisson"}),
    "varied counts": ("counts", IMAGE, {"likelihood": "negative_binomial"}),
    "table": ("table", (6,), {"likelihood": "table"}),
    "table, residual": (
        "table",
        (6,),
        {"likelihood": "table", "architecture": "residual", "condition_at": "every_layer"},
    ),
    "vectors": ("vector", (4,), {"likelihood": "normal", "scale": "per_dimension"}),
    "convolutional mixture": (
        "levels",
        IMAGE,
        {"likelihood": "logistic_mixture", "architecture": "convolutional", "hidden_dims": (3,)},
    ),
}


def make(shape, kind, **settings) -> CVAE:
    spec = Spec().override(**{**SMALL, **settings})
    model = build_model(spec, Signature(shape, (3,), columns=COLUMNS if kind == "table" else None))
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    return model


# the same likelihoods behind other networks
LONG = ("table, residual", "convolutional mixture", "one scale")


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=pytest.mark.slow if c in LONG else ()) for c in CASES]
)
def test_each_likelihood_fits_saves_and_loads(case, tmp_path):
    kind, shape, settings = CASES[case]
    model, data = (
        make(shape, kind, prior="conditional", baseline="joint", **settings),
        rows(shape, kind),
    )
    assert np.isfinite(model.fit(data, verbose=0).history["loss"]).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.likelihood == model.likelihood
    y, z = np.eye(3, dtype="float32")[data["y"]], np.ones((12, 2), "float32")
    noise = np.random.default_rng(0)
    x_noise = noise.random((12, *shape), dtype="float32")
    arrays = {
        inference.decode: {"z": z, "y": y},
        inference.draw_pixels: {"z": z, "y": y, "pixel_noise": x_noise},
        inference.elbo: {"x": data["x"], "y": y, "noise": z},
        inference.importance_log_weights: {"x": data["x"], "y": y, "noise": z[:, None]},
        inference.guess_log_prob: {"x": data["x"], "y": y},
    }
    for function, inputs in arrays.items():
        before, after = (
            inference.CompiledFunction(function, m).run(inputs) for m in (model, loaded)
        )
        for name, array in before.items():
            assert np.isfinite(array).all()
            np.testing.assert_array_equal(array, after[name])
            if name.startswith("x_"):
                assert array.shape == (12, *shape)


@pytest.mark.parametrize(
    "settings",
    [{"likelihood": "logistic_mixture"}, {"likelihood": "normal", "scale": "learned"}],
    ids=["mixture", "scale"],
)
def test_a_baseline_alone_knows_the_shape_of_x(settings):
    model = make(IMAGE, "levels", network="deterministic", baseline="joint", **settings)
    assert model.image_shape == IMAGE
    assert np.isfinite(model.fit(rows(IMAGE, "levels"), verbose=0).history["loss"]).all()


X_MEAN = np.linspace(0.02, 0.98, 6)
STARTS = {
    "bernoulli": (X_MEAN, 1e-5),
    "continuous_bernoulli": (X_MEAN, 0.02),
    "normal": (X_MEAN, 1e-6),
    "logistic_mixture": (X_MEAN, 0.2),
    "discretised_logistic": (X_MEAN, 1e-5),
    "poisson": (40 * X_MEAN, 1e-3),
    "negative_binomial": (40 * X_MEAN, 1e-3),
    "table": (np.array([0.4, 0.6, 0.2, 0.3, 0.5, 0.0]), 1e-5),
}


@pytest.mark.parametrize(
    ("likelihood", "scale"), [*((name, 1.0) for name in STARTS), ("normal", "learned")]
)
def test_the_output_starts_from_the_data(likelihood, scale):
    """With zero kernels the decoder expects the mean that it was given."""
    x_mean, tolerance = STARTS[likelihood]
    model = build_model(
        Spec().override(likelihood=likelihood, scale=scale, output_bias="data", **SMALL),
        Signature((6,), (3,), columns=COLUMNS if likelihood == "table" else None),
        x_mean=x_mean,
        initializers=itertools.repeat(keras.initializers.Zeros()),
    )
    inputs = {"z": np.ones((1, 2), "float32"), "y": np.eye(3, dtype="float32")[:1]}
    start = np.asarray(inference.decode(model, **inputs)["x_mean"])[0]
    np.testing.assert_allclose(start, x_mean, atol=tolerance)


def test_a_mixture_of_zeros_is_spread_over_the_levels():
    zeros = np.zeros((256, 1, 30), "float32")
    levels = np.linspace(0, 1, 256, dtype="float32")[:, None, None] * np.ones((1, 1, 2), "float32")
    log_prob = LogisticMixtureLikelihood()(zeros).log_prob(levels) / 2
    p = np.exp(np.asarray(log_prob, "float64"))
    assert p.sum() == pytest.approx(1, abs=1e-5)
    assert p[1:-1].min() > 0.4 / 256
    assert p[1:-1].max() < 2 / 256


def test_scales_are_learned_for_all_or_for_each_and_have_a_floor():
    mean = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    for per_dimension, size in ((False, 1), (True, 12)):
        layer = LearnedScale(per_dimension)
        layer(mean)
        assert layer.bias.shape == ((4, 3) if per_dimension else (1,))
        assert np.prod(layer.bias.shape) == size
        layer.bias.assign(np.full(layer.bias.shape, -0.2))
        normal = NormalLikelihood("per_dimension" if per_dimension else "learned")(layer(mean))
        np.testing.assert_array_equal(normal.mean, mean)
        np.testing.assert_allclose(np.exp(normal.logvar), np.exp(-2) + LEAST_SCALE**2, rtol=1e-5)
        layer.bias.assign(np.full(layer.bias.shape, -1e6))
        floor = NormalLikelihood("learned")(layer(mean)).logvar
        np.testing.assert_allclose(floor, 2 * np.log(LEAST_SCALE), rtol=1e-5)


def test_a_table_keeps_its_columns_apart():
    likelihood = TableLikelihood([[1, 0], [2, 1]], components=2)
    assert likelihood == TableLikelihood.from_config(likelihood.get_config())
    assert likelihood.params_shape((5,)) == (15,)
    assert likelihood.x_shape((15,)) == (5,)
    numbers = [[0, 0, 5, 7, 0, 0], [np.log(3), 0, 1, 3, 0, 0]]
    params = np.float32([[0, np.log(0.2), np.log(0.8), *numbers[0], *numbers[1]]])
    mean = likelihood(params).mean
    # a number's mean counts as often as its state
    np.testing.assert_allclose(mean, [[1, 0.2, 0.8, 6, 0.8 * 1.5]], rtol=1e-5)


def test_counts_are_taken_as_they_are_stored():
    model = make(IMAGE, "counts", likelihood="poisson")
    x = rows(IMAGE, "counts")["x"]
    np.testing.assert_array_equal(model.scale(keras.ops.convert_to_tensor(x)), x)
    model.evaluate({"x": 1000 * x, "y": np.zeros(12, "int32")}, verbose=0)
    with pytest.raises(InputError, match="x must lie in"):
        model.evaluate({"x": -x, "y": np.zeros(12, "int32")}, verbose=0)


@pytest.mark.parametrize("architecture", ["mlp", "residual"])
def test_every_layer_sees_the_condition(architecture):
    """Each hidden layer's kernel has a row more for each class, beside the last layer's units."""
    settings = {**SMALL, "hidden_dims": (5, 4, 4), "architecture": architecture}
    settings |= {"prior": "conditional", "condition_at": "every_layer"}
    model = build_model(Spec().override(**settings), Signature(IMAGE, (3,)))
    names = {"mlp": ["hidden_1", "hidden_2"], "residual": [f"block_{n}_a" for n in range(3)]}
    for network in (model.encoder, model.decoder, model.prior):
        for name in names[architecture]:
            layer = network.get_layer(name)
            seen = layer.input.shape[-1]
            other = build_model(
                Spec().override(**{**settings, "condition_at": "input"}), Signature(IMAGE, (3,))
            )
            plain = getattr(other, network.name).get_layer(name).input.shape[-1]
            assert seen == plain + 3


def test_images_are_seen_by_every_layer_as_vectors():
    spec = Spec().override(condition_at="every_layer", task="image", **SMALL)
    model = build_model(spec, Signature(IMAGE, (2, 2, 1)))
    assert model.encoder.get_layer("hidden_1").input.shape[-1] == 5 + 4


def users_networks(**replaced):
    """Networks that fit, except for those that are replaced."""
    y = keras.Input((3,), name="y")
    outputs = {name: keras.layers.Dense(2, name=name)(y) for name in ("mean", "logvar")}
    networks = {
        "encoder": MLP((7,)).encoder(IMAGE, (3,), 2),
        "decoder": MLP((7,)).decoder(IMAGE, (3,), 2),
        "prior": keras.Model({"y": y}, outputs),
        "baseline": MLP((7,)).baseline(IMAGE, (3,)),
    }
    return {**networks, **replaced}


def network(inputs, outputs):
    """{name: shape} -> {name: size}, or one tensor of a shape."""
    tensors = {name: keras.Input(shape, name=name) for name, shape in inputs.items()}
    flat = keras.layers.Concatenate()(
        [keras.layers.Flatten()(t) for t in (*tensors.values(), *tensors.values())]
    )
    if isinstance(outputs, dict):
        outputs = {name: keras.layers.Dense(size)(flat) for name, size in outputs.items()}
    else:
        outputs = keras.layers.Reshape(outputs)(keras.layers.Dense(math.prod(outputs))(flat))
    return keras.Model(tensors, outputs)


LATENTS = {"mean": 2, "logvar": 2}


def test_networks_of_the_users_own_are_taken():
    CVAE(**users_networks())
    CVAE(**users_networks(decoder=network({"z": (2,)}, IMAGE)))
    CVAE(**users_networks(prior=network({"y": (3,), "guess": IMAGE}, LATENTS)))


@pytest.mark.parametrize(
    ("replaced", "part"),
    [
        (
            lambda: {"encoder": network({"image": IMAGE, "y": (3,)}, LATENTS)},
            "the encoder must be a keras.Model with a dictionary of inputs: x, [y]; "
            "received the inputs image, y.",
        ),
        (lambda: {"encoder": keras.Sequential([keras.layers.Dense(2)])}, "no such dictionary"),
        (
            lambda: {"encoder": network({"x": IMAGE, "y": (3,)}, {"mean": 3, "logvar": 3})},
            "the encoder's output 'mean' must have the shape (N, 2); received shape (None, 3).",
        ),
        (
            lambda: {"encoder": network({"x": IMAGE, "y": (3,)}, {"mean": 2, "log_var": 2})},
            "the encoder's output 'logvar' must have the shape (N, 2); received no tensor of",
        ),
        (lambda: {"encoder": network({"x": IMAGE, "y": (3,)}, (4,))}, "encoder's output 'mean'"),
        (lambda: {"decoder": network({"latents": (2,)}, IMAGE)}, "inputs: z, [y]; received"),
        (
            lambda: {"decoder": network({"z": (2,), "y": (4,)}, IMAGE)},
            "the decoder's input 'y' must have the shape (N, 3); received shape (None, 4).",
        ),
        (
            lambda: {"decoder": network({"z": (2,)}, (4, 3, 1))},
            "the decoder's output must have the shape (N, 4, 3, 2); received shape (None, 4, 3, 1)",
        ),
        (lambda: {"likelihood": NormalLikelihood("learned")}, "(N, 4, 3, 4)"),
        (lambda: {"likelihood": LogisticMixtureLikelihood(2)}, "(N, 4, 3, 12)"),
        (lambda: {"likelihood": TableLikelihood(COLUMNS)}, "the 6 encoded columns"),
        (lambda: {"prior": network({"y": (3,)}, {"mean": 2, "logvar": 1})}, "output 'logvar'"),
        (
            lambda: {"prior": network({"y": (3,), "guess": (4, 3)}, LATENTS)},
            "the prior's input 'guess' must have the shape (N, 4, 3, 2)",
        ),
        (
            lambda: {
                "prior": network({"y": (3,), "guess": IMAGE}, LATENTS),
                "baseline": None,
            },
            "inputs: y; received the inputs guess, y.",
        ),
        (lambda: {"baseline": network({"y": (3,)}, (4, 3))}, "the baseline's output must have"),
        (lambda: {"baseline": network({"x": IMAGE}, IMAGE)}, "inputs: y; received the inputs x."),
    ],
)
def test_networks_that_do_not_fit_are_told_apart(replaced, part):
    with pytest.raises(InputError) as caught:
        CVAE(**users_networks(**replaced()))
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "shape", "columns", "part"),
    [
        ({"likelihood": "table"}, (6,), None, "no columns"),
        ({"likelihood": "bernoulli"}, (6,), COLUMNS, "and columns"),
        ({"likelihood": "table"}, (5,), COLUMNS, "6 encoded columns"),
        ({"likelihood": "table"}, (2,), ((2, 5),), "at least one state"),
        ({"architecture": "convolutional"}, (6,), None, "(height, width, channels)"),
        (
            {"scale": "learned", "likelihood": "bernoulli"},
            (6,),
            None,
            "needs the likelihood 'normal'",
        ),
        ({"components": 3}, (6,), None, "'logistic_mixture'"),
        ({"pixels": "dynamic", "likelihood": "poisson"}, (6,), None, "'bernoulli'"),
        (
            {"architecture": "convolutional", "condition_at": "every_layer"},
            (4, 4, 1),
            None,
            "'mlp' or 'residual'",
        ),
        ({"architecture": "convolutional", "likelihood": "table"}, (6,), COLUMNS, "'residual'"),
        ({"scale": "learnt", "likelihood": "normal"}, (6,), None, "'learned'"),
    ],
)
def test_settings_that_do_not_fit_are_refused_in_words(settings, shape, columns, part):
    with pytest.raises(InputError) as caught:
        build_model(Spec().override(**settings), Signature(shape, (3,), columns=columns))
    assert part in str(caught.value)
