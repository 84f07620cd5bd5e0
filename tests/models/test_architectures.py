"""The list of architectures: what each one takes, and one of the user's own."""

import keras
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.models import build_model
from condvae.models.architectures import Architecture
from condvae.models.architectures.mixer import Mixer, TokenNorm, patch_of
from condvae.models.layers import flat_concatenated
from condvae.spec import Signature, Spec, register_architecture
from condvae.spec.architectures import ARCHITECTURES

SHAPE = (4, 3, 1)
SLOW = pytest.mark.slow
GIVEN_IMAGE = {"task": "image", "baseline": "joint"}


class Linear(Architecture):
    """No hidden layers at all."""

    def vector(self, network, inputs, kernels, dropout=None):
        return flat_concatenated(inputs)

    def written(self, network, inputs, shape, name, kernels, dropout=None):
        output = keras.layers.Dense(12, name=name, kernel_initializer=next(kernels))
        return keras.layers.Reshape(shape)(output(flat_concatenated(inputs))), output


def test_an_architecture_of_the_users_own_goes_by_its_name(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "linear", None)  # which takes it from the list again
    register_architecture("linear", Linear, takes=["no hidden_dims"])
    settings = {"baseline": "joint", "prior": "conditional", "output_bias": "data"}
    spec = Spec().override(architecture="linear", hidden_dims=(), latent_dim=2, **settings)
    assert Spec.parse(spec.model_dump_json()) == spec
    model = build_model(spec, Signature(SHAPE, (3,)), np.full(SHAPE, 0.3))
    assert model.encoder.count_params() == 2 * (15 + 1) * 2
    model.compile(optimizer="adam")
    data = {"x": np.zeros((5, *SHAPE), "uint8"), "y": np.arange(5) % 3}
    assert np.isfinite(model.fit(data, verbose=0).history["loss"]).all()
    with pytest.raises(InputError, match="dropout needs 'mlp' or 'residual' networks"):
        spec.override(dropout=0.1)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"architecture": "convolutoinal"}, "'convolutional' or 'mixer'; did you mean 'conv"),
        ({"architecture": "zebra"}, "Input should be 'mlp', 'residual'"),
        (
            {"architecture": "residual", "activity_regularizer": "l2"},
            "activity_regularizer needs the architecture 'mlp'",
        ),
        (
            {"architecture": "convolutional", "classifier_dropout": 0.1},
            "dropout needs 'mlp' or 'residual' networks",
        ),
        (
            {"architecture": "convolutional", "condition_at": "every_layer"},
            "condition_at 'every_layer' needs 'mlp' or 'residual' networks",
        ),
        (
            {"architecture": "convolutional", "likelihood": "table"},
            "the likelihood 'table' needs 'mlp' or 'residual' networks",
        ),
        (
            {"architecture": "convolutional", "hidden_dims": ()},
            "the architecture 'convolutional' needs hidden_dims",
        ),
    ],
)
def test_what_an_architecture_does_not_take_is_said(settings, part):
    with pytest.raises(InputError) as caught:
        Spec().override(**settings)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("height", "width", "patch"),
    [(28, 28, 7), (32, 32, 4), (64, 64, 8), (8, 8, 2), (4, 3, 1), (29, 31, 7), (28, 14, 2)],
)
def test_patches_fit_the_image_or_it_is_padded(height, width, patch):
    assert patch_of(height, width) == patch


@pytest.mark.parametrize(
    ("shape", "condition_shape", "settings"),
    [
        ((8, 9, 2), (3,), {"labelled": 5, "likelihood": "logistic_mixture"}),
        pytest.param((8, 8, 1), (8, 8, 1), {**GIVEN_IMAGE, "prior": "flow"}, marks=SLOW),
        pytest.param((8, 8, 1), (5, 6, 2), {**GIVEN_IMAGE, "prior": "conditional"}, marks=SLOW),
    ],
)
def test_a_mixer_fits_saves_and_loads(shape, condition_shape, settings, tmp_path):
    settings = {"hidden_dims": (6, 8), "latent_dim": 2, "output_bias": "data", **settings}
    spec = Spec().override(architecture="mixer", **settings)
    model = build_model(spec, Signature(shape, condition_shape), np.full(shape, 0.3))
    model.compile(optimizer="adam")
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (9, *shape), "uint8")
    is_image = len(condition_shape) == 3
    classes = np.eye(3, dtype="float32")[np.arange(9) % 3]
    y = rng.random((9, *condition_shape), "float32") if is_image else classes
    data = {"x": x, "y": y}
    assert np.isfinite(model.fit(data, verbose=0).history["loss"]).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    seen = {"x": x / np.float32(255), "y": y}
    before, after = (m.encoder.predict(seen, verbose=0)["mean"] for m in (model, loaded))
    np.testing.assert_array_equal(before, after)


def test_a_class_is_one_token_more():
    of_class, of_image = (Mixer((6,)).encoder((8, 8, 1), shape, 2) for shape in ((3,), (8, 8, 1)))
    assert of_class.get_layer("norm").output.shape == (None, 17, 6)
    assert of_image.get_layer("norm").output.shape == (None, 16, 6)


def test_the_norm_is_the_norm_of_layers():
    tokens = np.random.default_rng(0).normal(3, 2, (4, 5, 7)).astype("float32")
    ours, of_keras = TokenNorm(), keras.layers.LayerNormalization(epsilon=TokenNorm.EPSILON)
    np.testing.assert_allclose(ours(tokens), of_keras(tokens), rtol=1e-4, atol=1e-5)
