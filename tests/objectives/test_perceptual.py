"""A loss in a network's features beside the bound."""

import keras
import numpy as np
import pytest

from condvae.checks import InputError
from condvae.models import build_model
from condvae.objectives import ELBO, Perceptual, perceptual_loss
from condvae.spec import Signature, Spec

RNG = np.random.default_rng(0)


def test_the_distance_is_that_of_directions_in_nats():
    """Parallel features have none; orthogonal ones a squared distance of 2, half of it a number."""
    real = np.zeros((2, 3, 3, 2), "float32")
    real[..., 0] = 4
    other = real[..., ::-1].copy()
    same = {"a": 7 * real, "b": real}
    np.testing.assert_allclose(perceptual_loss({"a": real, "b": real}, same, 10), 0, atol=1e-5)
    apart = perceptual_loss({"a": real, "b": real}, {"a": other, "b": real}, 10)
    np.testing.assert_allclose(apart, 10 / 2 * (2 + 0) / 2, rtol=1e-5)


@pytest.fixture(scope="module")
def models():
    """The same model with and without the added loss."""
    signature = Signature((8, 8, 3), (2,))
    spec = Spec().override(latent_dim=2, hidden_dims=(8,), likelihood="discretised_logistic")
    return build_model(spec, signature), build_model(spec.override(perceptual=2.0), signature)


def test_only_the_loss_grows_by_it(models):
    added = models[1]
    x = RNG.integers(0, 256, (5, 8, 8, 3)).astype("uint8")
    batch = {"x": x, "y": np.arange(5) % 2}
    outputs = {name: np.asarray(value) for name, value in added(batch).items()}
    before, after = (model.terms(outputs) for model in models)
    np.testing.assert_array_equal(before.elbo, after.elbo)
    grown = np.asarray(after.loss - before.loss)
    np.testing.assert_allclose(grown, 2 * outputs["perceptual_loss"], rtol=1e-3)
    assert (outputs["perceptual_loss"] > 0).all()

    # computed independently: one 3 × 3 convolution at a time, in NumPy
    expected = np.clip(0.1 * outputs["x_params"][..., :3] + 0.5, 0, 1)
    maps = [levels(added.features, image) for image in (x / 255, expected)]
    distances = []
    for real, other in zip(*maps, strict=True):
        real, other = (a / np.linalg.norm(a, axis=-1, keepdims=True) for a in (real, other))
        distances.append(((real - other) ** 2).sum(axis=-1).mean(axis=(1, 2)))
    wanted = 8 * 8 * 3 / 2 * np.mean(distances, axis=0)
    np.testing.assert_allclose(outputs["perceptual_loss"], wanted, rtol=1e-2)


def levels(network, image):
    """Feature maps of images of an even side: 3 × 3 kernels, two pixels apart, zeros outside."""
    for depth in range(3):
        layer = network.get_layer(f"level_{depth}")
        padded = np.pad(image, [(0, 0), (0, 1), (0, 1), (0, 0)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::2, ::2]
        image = np.einsum("nijcab,abco->nijo", windows, np.asarray(layer.kernel))
        image = image + np.asarray(layer.bias)
        image = image / (1 + np.exp(-image))
        yield image


def test_the_features_are_not_trained_and_the_rest_has_the_same_first_weights(models):
    plain, added = models
    names = {variable.path for variable in added.trainable_variables}
    assert names == {variable.path for variable in plain.trainable_variables}
    for one, other in zip(plain.decoder.weights, added.decoder.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_gradient_is_finite_where_features_are_zero(models):
    import jax

    def loss(features):
        zeros = {"a": np.zeros((1, 1, 1, 3), "float32")}
        return keras.ops.sum(perceptual_loss({"a": features}, zeros, 3))

    gradient = jax.grad(loss)(np.zeros((1, 1, 1, 3), "float32"))
    assert np.isfinite(gradient).all()


def test_keras_writes_it_down():
    found = Perceptual(ELBO(), 0.5)
    config = keras.saving.serialize_keras_object(found)
    assert keras.saving.deserialize_keras_object(config) == found


@pytest.mark.parametrize("setting", [{"num_samples": 2}, {"labelled": 9}, {"alpha": 0.5}], ids=str)
def test_settings_that_it_cannot_be_added_to(setting):
    with pytest.raises(InputError, match="perceptual needs"):
        Spec().override(perceptual=1.0, **setting)
