import itertools
import subprocess
import sys

import keras
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.likelihoods import NormalLikelihood
from condvae.models import CVAE, build_model
from condvae.models.architectures import MLP
from condvae.spec import Signature, Spec


def make(shape=(4, 3, 1), **settings) -> CVAE:
    spec = Spec().override(**{"latent_dim": 2, "hidden_dims": (7,), **settings})
    model = build_model(spec, Signature(shape, (3,)))
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    return model


def batch(shape=(4, 3, 1), rows=53, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (rows, *shape), dtype="uint8")
    return {"x": x, "y": rng.integers(0, 3, rows)}


def combinations():
    """All settings with all sizes; `make test` takes each of them once."""
    sizes = [((4, 3, 1), (), 1), ((5, 5, 3), (6,), 3), ((4, 3, 1), (6, 5, 4), 2)]
    settings = {
        "normal": {"likelihood": "normal", "scale": 0.3},
        "residual": {"architecture": "residual"},
        "dynamic": {"pixels": "dynamic"},
    }
    for (m, name), (n, size) in itertools.product(enumerate(settings), enumerate(sizes)):
        marks = () if m == n else pytest.mark.slow
        yield pytest.param(*size, settings[name], marks=marks, id=f"{name}-{n}")


@pytest.mark.parametrize(("shape", "hidden_dims", "latent_dim", "settings"), [*combinations()])
def test_every_combination_fits_saves_and_loads(shape, hidden_dims, latent_dim, settings, tmp_path):
    model = make(shape, hidden_dims=hidden_dims, latent_dim=latent_dim, **settings)
    data = batch(shape)
    history = model.fit(data, batch_size=32, epochs=2, validation_data=(data, None), verbose=0)
    assert {"loss", "reconstruction_loss", "kl_loss", "val_loss"} <= set(history.history)
    assert np.isfinite(history.history["loss"]).all()

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    inputs = {"x": data["x"][:5] / np.float32(255), "y": np.eye(3, dtype="float32")[data["y"][:5]]}
    before, after = (m.encoder.predict(inputs, verbose=0) for m in (model, loaded))
    np.testing.assert_array_equal(before["mean"], after["mean"])
    np.testing.assert_array_equal(before["logvar"], after["logvar"])
    assert (loaded.likelihood, loaded.binarise) == (model.likelihood, model.binarise)
    assert np.isfinite(loaded.evaluate(data, verbose=0, return_dict=True)["loss"])


def test_training_lowers_the_loss_and_overfits_few_images():
    model, data = make(hidden_dims=(64,)), batch(rows=8)
    first = model.evaluate(data, verbose=0, return_dict=True)["loss"]
    model.fit(data, epochs=150, verbose=0)
    assert model.evaluate(data, verbose=0, return_dict=True)["loss"] < first - 0.5


def test_the_short_last_batch_weighs_by_its_rows():
    """One batch of 53 and batches of 16, 16, 16, 5 give one mean, not a mean of means."""
    model, data = make(beta=0.0), batch()
    model.encoder.get_layer("logvar").bias.assign(np.full(2, -60.0))  # no noise in z
    figures = [
        model.evaluate(data, batch_size=size, verbose=0, return_dict=True) for size in (53, 16)
    ]
    for name in ("loss", "reconstruction_loss", "kl_loss"):
        assert figures[0][name] == pytest.approx(figures[1][name], rel=1e-5)


def test_loss_is_reconstruction_plus_beta_kl():
    figures = make(beta=2.5).evaluate(batch(), verbose=0, return_dict=True)
    expected = figures["reconstruction_loss"] + 2.5 * figures["kl_loss"]
    assert figures["loss"] == pytest.approx(expected, rel=1e-5)


def test_beta_is_a_variable_that_needs_no_recompilation():
    model, data = make(), batch()
    model.evaluate(data, verbose=0)
    model.beta.assign(7.0)
    figures = model.evaluate(data, verbose=0, return_dict=True)
    expected = figures["reconstruction_loss"] + 7 * figures["kl_loss"]
    assert figures["loss"] == pytest.approx(expected, rel=1e-5)


def test_the_activity_regulariser_is_in_the_loss():
    """Keras 3: l2 is 0.01 times the sum of squares, divided by the batch."""
    model, data = make(activity_regularizer="l2"), batch()
    figures = model.evaluate(data, batch_size=53, verbose=0, return_dict=True)
    hidden = keras.Model(model.encoder.inputs, model.encoder.get_layer("hidden_0").output)
    y = np.eye(3, dtype="float32")[data["y"]]
    activity = hidden.predict({"x": data["x"] / np.float32(255), "y": y}, verbose=0)
    regulariser = 0.01 * np.square(activity).sum() / 53
    extra = figures["loss"] - figures["reconstruction_loss"] - figures["kl_loss"]
    assert extra == pytest.approx(regulariser, rel=1e-3)


def test_integers_are_scaled_inside_and_floats_are_not():
    model = make()
    x = batch()["x"]
    scaled = [model.scale(keras.ops.convert_to_tensor(a)) for a in (x, x / np.float32(255))]
    np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, scaled), rtol=2e-7)


def test_the_encoded_target_is_binary_and_drawn_at_each_call():
    """The target in the outputs is the one that was encoded: one draw for each call."""
    model, data = make(pixels="dynamic"), batch()
    outputs = [model.predict(data, verbose=0) for _ in range(2)]
    assert set(np.unique(outputs[0]["x"])) == {0, 1}
    assert (outputs[0]["x"] != outputs[1]["x"]).any()
    mean = np.mean([model.predict(data, verbose=0)["x"] for _ in range(200)], axis=0)
    assert np.abs(mean - data["x"] / 255).max() < 5 * 0.5 / np.sqrt(200)


def test_likelihood_terms_are_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make()
    finally:
        keras.config.set_dtype_policy("float32")
    outputs = model.predict(batch(), verbose=0)
    assert {str(array.dtype) for array in outputs.values()} == {"float32"}
    levels = batch()["x"] / np.float32(255)
    np.testing.assert_allclose(outputs["x"], levels, rtol=2e-7)
    assert model.fit(batch(), verbose=0)


def test_a_conditional_prior_of_the_users_own():
    """Any keras.Model {"y"} -> {"mean", "logvar"} serves as prior, and is trained."""
    y = keras.Input((3,), name="y")
    prior = keras.Model(
        {"y": y},
        {name: keras.layers.Dense(2, name=name)(y) for name in ("mean", "logvar")},
        name="prior",
    )
    model = CVAE(
        *(make((4, 3, 1), (3,), 2) for make in (MLP((7,)).encoder, MLP((7,)).decoder)), prior
    )
    model.compile(optimizer="adam")
    before = [keras.ops.convert_to_numpy(w).copy() for w in prior.weights]
    model.fit(batch(), verbose=0)
    after = [keras.ops.convert_to_numpy(w) for w in prior.weights]
    assert any((a != b).any() for a, b in zip(before, after, strict=True))


class Weighted(keras.utils.PyDataset):
    """One batch whose second half counts nothing."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return batch(rows=16), None, np.repeat([1.0, 0.0], 8).astype("float32")


def test_sample_weights_weigh_the_examples():
    model = make(beta=0.0)
    model.encoder.get_layer("logvar").bias.assign(np.full(2, -60.0))
    half = {name: array[:8] for name, array in batch(rows=16).items()}
    weighted = model.evaluate(Weighted(), verbose=0, return_dict=True)
    alone = model.evaluate(half, batch_size=8, verbose=0, return_dict=True)
    assert weighted["reconstruction_loss"] == pytest.approx(alone["reconstruction_loss"], rel=1e-5)
    assert weighted["loss"] == pytest.approx(alone["loss"] / 2, rel=1e-5)


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda m, d: m.fit(d["x"], d["y"]), "Keras's own y is a target"),
        (lambda m, d: m.fit(d["x"]), '{"x": x, "y": y}'),
        (lambda m, d: m.fit({"x": d["x"]}), "the keys ['x']"),
        (lambda m, d: m.fit({"x": d["x"][:, :2], "y": d["y"]}), "(N, 4, 3, 1)"),
        (lambda m, d: m.fit({"x": d["x"], "y": d["y"] + 1}), "[0, 2]"),
        (lambda m, d: m.fit({"x": d["x"] * 1.0, "y": d["y"]}), "[0, 1]"),
        (lambda m, d: m.fit({"x": d["x"] / np.nan, "y": d["y"]}), "finite"),
        (lambda m, d: m.fit([d["x"], d["y"]]), "list"),
        (lambda m, d: m.fit(b for b in [(d, d["y"])]), "Keras's own y is a target"),
        (lambda m, d: m.fit(b for b in [(d["x"], d["y"] + 1)]), "[0, 2]"),
        (lambda m, d: m({"x": d["x"], "y": d["y"] + 1}), "[0, 2]"),
        (lambda m, d: m.fit(b for b in [{"x": d["x"]}]), "the keys ['x']"),
        (lambda m, d: m.predict(d["x"]), "ndarray"),
        (lambda m, d: m.train_on_batch(d["x"], d["y"]), "Keras's own y is a target"),
        (lambda m, d: m.fit(d, validation_data=(d["x"], d["y"])), "Keras's own y is a target"),
        (lambda m, d: m.fit(d, sample_weight=np.ones(53)), "Keras ignores"),
        (lambda m, d: m.evaluate(d["x"], d["y"]), "Keras's own y is a target"),
    ],
)
def test_a_beginners_mistake_is_answered_before_anything_is_harmed(call, part):
    model, data = make(), batch()
    model.fit(data, verbose=0)  # a built model: its step is compiled already
    before = [w.copy() for w in model.get_weights()]
    with pytest.raises(InputError) as caught:
        call(model, data)
    assert part in str(caught.value)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    model.fit(data, verbose=0)


def test_generators_are_fitted_from_their_first_batch_on():
    """Batches that the check reads are not lost: 3 batches of 16 are 48 examples."""
    data = batch(rows=48)
    parts = [{name: a[n : n + 16] for name, a in data.items()} for n in (0, 16, 32)]
    model = make(beta=0.0)
    model.encoder.get_layer("logvar").bias.assign(np.full(2, -60.0))
    whole = model.evaluate(data, batch_size=16, verbose=0, return_dict=True)
    model = make(beta=0.0)
    model.encoder.get_layer("logvar").bias.assign(np.full(2, -60.0))
    streamed = model.evaluate(((p,) for p in parts), steps=3, verbose=0, return_dict=True)
    assert streamed["loss"] == pytest.approx(whole["loss"], rel=1e-5)


@pytest.mark.slow
def test_load_model_in_a_fresh_process(tmp_path):
    make().save(tmp_path / "model.keras")
    code = (
        "from condvae import CVAE; import keras, sys; "
        "model = keras.models.load_model(sys.argv[1]); assert type(model) is CVAE"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "model.keras")], check=True)


def test_summary_tells_the_networks(capsys):
    make().summary()
    printed = capsys.readouterr().out
    assert "encoder" in printed
    assert "decoder" in printed


def test_the_same_seed_gives_the_same_weights():
    weights = [make(seed=seed).get_weights() for seed in (3, 3, 4)]
    same = [np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True)]
    other = [np.array_equal(a, b) for a, b in zip(weights[0], weights[2], strict=True)]
    assert all(same)
    assert not all(other)


def test_the_output_starts_from_the_pixels_means():
    spec = Spec().override(output_bias="data", hidden_dims=(7,))
    x_mean = np.linspace(0, 1, 12).reshape(4, 3, 1)
    for likelihood, tolerance in (("bernoulli", 2e-3), ("normal", 1e-6)):
        model = build_model(
            spec.override(likelihood=likelihood), Signature((4, 3, 1), (3,)), x_mean=x_mean
        )
        bias = keras.ops.convert_to_numpy(model.decoder.get_layer("x_params").bias)
        start = model.likelihood(keras.ops.convert_to_tensor(bias.reshape(1, 4, 3, 1))).mean
        start = keras.ops.convert_to_numpy(start)[0]
        np.testing.assert_allclose(start, x_mean, atol=tolerance)


def test_normal_likelihood_has_its_scale():
    x = np.zeros((2, 4, 3, 1), "float32")
    log_prob = keras.ops.convert_to_numpy(NormalLikelihood(0.5)(x).log_prob(x))
    np.testing.assert_allclose(log_prob, -12 * np.log(0.5 * np.sqrt(2 * np.pi)), rtol=1e-5)


def test_a_residual_block_adds_two_layers_to_its_input():
    model = make(architecture="residual", hidden_dims=(3, 3), activation="tanh")
    rng = np.random.default_rng(0)
    model.encoder.set_weights([rng.normal(size=w.shape) for w in model.encoder.weights])
    x, y = rng.normal(size=(5, 4, 3, 1)), np.eye(3)[rng.integers(0, 3, 5)]
    weights = {layer.name: layer.get_weights() for layer in model.encoder.layers if layer.weights}

    def dense(name, inputs):
        kernel, bias = weights[name]
        return inputs @ kernel + bias

    hidden = dense("width_0", np.concatenate([x.reshape(5, -1), y], axis=1))
    for block in ("block_0", "block_1"):
        inner = dense(f"{block}_a", np.tanh(hidden))
        hidden = hidden + dense(f"{block}_b", np.tanh(inner))
    expected = dense("mean", np.tanh(hidden))
    found = model.encoder.predict({"x": x, "y": y}, verbose=0)["mean"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
