"""Convolutional networks of every size and condition."""

import itertools

import keras
import numpy as np
import pytest

from condvae.models import build_model
from condvae.models.architectures.convolutional import Pyramid
from condvae.models.initializers import glorot_uniform
from condvae.spec import Signature, Spec

CONVOLUTIONAL = {
    "latent_dim": 2,
    "architecture": "convolutional",
    "hidden_dims": (3,),
    "prior": "conditional",
    "baseline": "joint",
}


@pytest.mark.parametrize(
    ("shape", "condition_shape", "settings"),
    [
        pytest.param((5, 7, 1), (3,), {}, marks=pytest.mark.slow),
        ((1, 2, 3), (1, 2, 1), {"task": "image", "decoder_sees": "z"}),
        ((9, 6, 1), (9, 6, 3), {"task": "image", "likelihood": "categorical"}),
        pytest.param(
            *((4, 4, 2), (7, 3, 1), {"task": "image", "likelihood": "normal"}),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *((6, 6, 1), (6, 6, 2), {"task": "quadrants", "hidden_dims": (3, 4, 2)}),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["class", "image, decoder sees z", "label maps", "image of another size", "parts"],
)
def test_networks_fit_save_and_load(shape, condition_shape, settings, tmp_path):
    model = build_model(
        Spec().override(**{**CONVOLUTIONAL, **settings}), Signature(shape, condition_shape, 3, 255)
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    rng = np.random.default_rng(0)
    y = rng.integers(0, 256, (20, *condition_shape), dtype="uint8")
    y = rng.integers(0, 3, 20) if len(condition_shape) == 1 else y
    data = {"x": rng.integers(0, 4, (20, *shape), dtype="uint8"), "y": y}
    history = model.fit(data, batch_size=10, epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.likelihood == model.likelihood
    for network in ("encoder", "decoder", "prior", "baseline"):
        for one, other in zip(
            getattr(model, network).weights, getattr(loaded, network).weights, strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_patches_are_written_where_they_belong():
    """With zero kernels pixel (i, j) is the bias of its place in the 2 × 2 square."""
    features = keras.Input((2, 3, 5))
    model = keras.Model(
        features, Pyramid((4,), "relu", glorot_uniform(0)).pixels(features, (3, 6, 2), "out")
    )
    model.get_layer("out").set_weights([np.zeros((1, 1, 5, 8)), np.arange(8)])
    drawn = model.predict(np.zeros((1, 2, 3, 5)), verbose=0)[0]
    assert drawn.shape == (3, 6, 2)
    for row, column, channel in itertools.product(range(3), range(6), range(2)):
        place = 2 * (row % 2) + column % 2
        assert drawn[row, column, channel] == 2 * place + channel


def test_the_output_bias_is_the_data_s():
    """Before training the decoder of zero kernels predicts the classes' shares."""
    shares = np.random.default_rng(0).dirichlet([1, 2, 3], (4, 5))
    zeros = itertools.repeat(keras.initializers.Zeros())
    model = build_model(
        Spec().override(
            task="image",
            likelihood="categorical",
            output_bias="data",
            **{**CONVOLUTIONAL, "baseline": "absent"},
        ),
        Signature((4, 5, 1), (4, 5, 3), x_max=2),
        x_mean=shares,
        initializers=zeros,
    )
    inputs = {"z": np.zeros((1, 2)), "y": np.zeros((1, 4, 5, 3))}
    logits = model.decoder.predict(inputs, verbose=0)
    mean = np.asarray(model.likelihood(logits).mean)[0]
    # one bias for each class: the mean of its log shares
    expected = np.exp(np.log(shares).mean(axis=(0, 1)))
    np.testing.assert_allclose(mean, np.broadcast_to(expected / expected.sum(), mean.shape), 1e-5)


def test_logvars_are_bounded_and_vectors_are_scaled_by_their_size():
    """Against the formulas in NumPy: the head's numbers, before and after the bound."""
    spec = Spec().override(**{**CONVOLUTIONAL, "task": "image"})
    encoder = build_model(spec, Signature((5, 7, 1), (5, 7, 1))).encoder
    rng = np.random.default_rng(0)
    inputs = {name: rng.random((4, 5, 7, 1), dtype="float32") for name in ("x", "y")}

    def outputs(*names):
        tensors = [encoder.get_layer(name).output for name in names]
        values = keras.Model(encoder.inputs, tensors)([inputs[t.name] for t in encoder.inputs])
        return [np.asarray(value) for value in values]

    (layer,) = [layer for layer in encoder.layers if layer.name.startswith("vector_")]
    network = layer.name.removeprefix("vector_")
    vector, flat, anywhere = outputs(layer.name, f"flat_{network}", f"anywhere_{network}")
    sizes = flat.shape[-1], anywhere.shape[-1]
    expected = [part / np.sqrt(size) for part, size in zip((flat, anywhere), sizes, strict=True)]
    np.testing.assert_allclose(vector, np.concatenate(expected, axis=-1), rtol=1e-6)

    for bias in (-0.5, -116.0, 1000.0):
        encoder.get_layer("logvar").bias.assign(np.full(2, bias))
        free, bounded = outputs("logvar", "bounded_logvar")
        np.testing.assert_allclose(bounded, 10 * np.tanh(free.astype("float64") / 10), rtol=1e-5)
        assert (abs(bounded) <= 10).all()
        np.testing.assert_array_equal(np.asarray(encoder(inputs)["logvar"]), bounded)
