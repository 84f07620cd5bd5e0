"""Bayes' rule, on models whose log p(x | y) is known in closed form."""

import numpy as np
import pytest

from condvae.checks import InputError
from condvae.conditions import Categorical, MaskedImage
from condvae.evaluation import classify_by_bayes
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.spec import Signature, Spec

SCALE, LABELS = 0.7, (0.5, 0.2, 0.3)
CONDITION = Categorical(name="animal", categories=("ant", "bee", "cat"))


class LinearGaussian:
    """x = W z + m_y + scale * noise, z ~ N(0, 1), and the exact q(z | x, y) but for error."""

    def __init__(self, error=0.0, rows=300):
        rng = np.random.default_rng(2)
        spec = Spec().override(likelihood="normal", scale=SCALE, latent_dim=2, hidden_dims=())
        network = build_model(spec, Signature((2, 3, 1), (3,)))
        self.model = TrainedModel(network, CONDITION)
        w = np.linalg.qr(rng.standard_normal((6, 2)))[0] * [1.5, 0.8]
        means = 0.6 * rng.standard_normal((3, 6))
        variance = 1 / (1 + (w**2).sum(axis=0) / SCALE**2)
        of_x = w * variance / SCALE**2

        def put(part, layer, kernel, bias):
            getattr(network, part).get_layer(layer).set_weights([kernel, bias])

        put("encoder", "mean", np.concatenate([of_x, -means @ of_x]), np.full(2, error))
        put("encoder", "logvar", np.zeros((9, 2)), np.log(variance) + error)
        put("decoder", "x_params", np.concatenate([w.T, means]), np.zeros(6))
        self.codes = rng.integers(0, 3, rows)
        noise = SCALE * rng.standard_normal((rows, 6))
        x = rng.standard_normal((rows, 2)) @ w.T + means[self.codes] + noise
        self.x = x.reshape(rows, 2, 3, 1).astype("float32")
        covariance = w @ w.T + SCALE**2 * np.eye(6)
        centred = x[:, None] - means
        quadratic = np.einsum("nci,ij,ncj->nc", centred, np.linalg.inv(covariance), centred)
        self.log_prob = -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * covariance)[1])


@pytest.mark.parametrize("label_prob", [None, LABELS])
@pytest.mark.parametrize("screening", [None, 2])
def test_with_the_exact_posterior_bayes_rule_is_exact(label_prob, screening):
    oracle = LinearGaussian()
    found = classify_by_bayes(
        oracle.model, oracle.x, 5, label_prob=label_prob, screening=screening, margin=3.0
    )
    log_joint = oracle.log_prob + np.log(label_prob or [1 / 3] * 3)
    log_marginal = np.logaddexp.reduce(log_joint, axis=1)
    np.testing.assert_allclose(found.log_marginal, log_marginal, atol=2e-3)
    np.testing.assert_allclose(found.log_prob, log_joint - log_marginal[:, None], atol=4e-3)
    np.testing.assert_allclose(np.exp(found.log_prob).sum(axis=1), 1, rtol=1e-6)


def test_with_another_posterior_it_converges():
    oracle = LinearGaussian(error=0.3)
    log_marginal = np.logaddexp.reduce(oracle.log_prob, axis=1) - np.log(3)
    gaps = [
        np.mean(log_marginal - classify_by_bayes(oracle.model, oracle.x, k).log_marginal)
        for k in (1, 10, 400)
    ]
    assert gaps[0] > gaps[1] > 5 * abs(gaps[2])
    assert abs(gaps[2]) < 0.01


def test_screening_spends_the_samples_on_labels_near_the_best():
    """Within the margin all samples, beyond it the few: each as if it were asked for alone."""
    oracle = LinearGaussian(error=0.3)
    few, many = (
        np.stack([oracle.model.log_prob(oracle.x, n, k) for n in CONDITION.categories], axis=1)
        for k in (3, 60)
    )
    found = classify_by_bayes(oracle.model, oracle.x, 60, screening=3, margin=1.5)
    log_joint = found.log_prob + found.log_marginal[:, None] + np.log(3)
    near = few >= few.max(axis=1, keepdims=True) - 1.5
    assert 0.2 < near.mean() < 0.8
    np.testing.assert_allclose(log_joint[~near], few[~near], atol=1e-4)
    # other rows beside it, so other draws: equal but for the noise of 60 samples
    assert np.abs(log_joint[near] - many[near]).mean() < np.abs(few - many)[near].mean()


def test_a_network_without_latents_is_exact():
    """p(x | y) is the baseline's Normal: the class whose mean is nearest is the most probable."""
    settings = {"network": "deterministic", "baseline": "joint", "likelihood": "normal"}
    spec = Spec().override(hidden_dims=(), scale=SCALE, **settings)
    model = TrainedModel(build_model(spec, Signature((2, 3, 1), (3,))), CONDITION)
    rng = np.random.default_rng(0)
    means, x = rng.standard_normal((3, 6)), rng.standard_normal((50, 2, 3, 1)).astype("float32")
    model.keras_model.baseline.get_layer("guess").set_weights([means, np.zeros(6)])
    squared = ((x.reshape(50, 1, 6) - means) ** 2).sum(axis=2)
    expected = -0.5 * squared / SCALE**2
    expected -= np.logaddexp.reduce(expected, axis=1)[:, None]
    found = classify_by_bayes(model, x)
    np.testing.assert_allclose(found.log_prob, expected, atol=1e-4)


def test_all_labels_see_the_same_binary_pixels():
    """Where the labels make no difference their probabilities are equal, also after screening."""
    spec = Spec().override(latent_dim=2, hidden_dims=(), pixels="dynamic")
    network = build_model(spec, Signature((4, 3, 1), (3,)))
    for part, layer in (("encoder", "mean"), ("encoder", "logvar"), ("decoder", "x_params")):
        kernel, bias = getattr(network, part).get_layer(layer).get_weights()
        kernel[-3:] = 0
        getattr(network, part).get_layer(layer).set_weights([kernel, bias])
    x = np.random.default_rng(0).integers(0, 256, (20, 4, 3), dtype="uint8")
    model = TrainedModel(network, CONDITION)
    found = classify_by_bayes(model, x, 20, screening=2)
    np.testing.assert_allclose(found.log_prob, -np.log(3), atol=1e-5)
    again = classify_by_bayes(model, x, 20, screening=2)
    np.testing.assert_array_equal(found.log_marginal, again.log_marginal)


@pytest.mark.parametrize("screening", [None, 8])
def test_over_binarisations_log_prob_is_their_mean(screening):
    """In expectation that of grey pixels under a decoder that no z moves: in closed form."""
    spec = Spec().override(latent_dim=2, hidden_dims=(), pixels="dynamic")
    network = build_model(spec, Signature((4, 3, 1), (3,)))
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((3, 12))
    kernel, bias = network.decoder.get_layer("x_params").get_weights()
    of_label = np.concatenate([np.zeros((len(kernel) - 3, 12)), logits])
    network.decoder.get_layer("x_params").set_weights([of_label, np.zeros_like(bias)])
    for layer in ("mean", "logvar"):
        part = network.encoder.get_layer(layer)
        part.set_weights([np.zeros_like(weight) for weight in part.get_weights()])
    x = rng.integers(0, 256, (20, 4, 3), dtype="uint8")
    grey = x.reshape(20, 1, 12) / 255
    expected = (grey * logits - np.logaddexp(0, logits)).sum(axis=2)
    expected -= np.logaddexp.reduce(expected, axis=1)[:, None]
    model = TrainedModel(network, CONDITION)
    errors = [
        np.abs(
            classify_by_bayes(model, x, 2, screening=screening, num_binarisations=draws).log_prob
            - expected
        ).mean()
        for draws in (1, 400)
    ]
    assert errors[1] < 0.06 < errors[0] / 5


def test_what_does_not_fit_is_refused():
    oracle = LinearGaussian(rows=2)
    for wrong in ([0.5, 0.5], [0.5, 0.5, 0.5], [1.0, 0.0, 0.0]):
        with pytest.raises(InputError, match="label_prob must"):
            classify_by_bayes(oracle.model, oracle.x, label_prob=wrong)
    with pytest.raises(InputError, match="num_samples"):
        classify_by_bayes(oracle.model, oracle.x, 0)
    spec = Spec().override(task="halves", hidden_dims=())
    condition = MaskedImage(image_shape=(4, 4, 1), y_max=1)
    masked = TrainedModel(
        build_model(spec, Signature((4, 4, 1), condition.shape, x_max=1)), condition
    )
    with pytest.raises(InputError, match="must be a class"):
        classify_by_bayes(masked, np.zeros((2, 4, 4)))
