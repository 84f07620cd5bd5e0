"""Priors beyond the Normal, against grids and re-computations in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import logsumexp

from condvae.checks import InputError
from condvae.conditions import Categorical
from condvae.distributions import Normal
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.models.vampprior import NormalMixture
from condvae.spec import Signature, Spec

SHAPE = (4, 3, 1)
SMALL = {"hidden_dims": (7,), "coupling_dims": (8,), "pseudo_inputs": 5}


def make(latent_dim=2, **settings):
    """An untrained model whose prior's weights are random, those that start from zeros too."""
    if settings["prior"] == "ladder":
        settings["latent_groups"] = (1, latent_dim - 1)
    spec = Spec().override(latent_dim=latent_dim, **SMALL, **settings)
    model, rng = build_model(spec, Signature(SHAPE, (3,))), np.random.default_rng(1)
    for variable in model.prior.weights:
        variable.assign(rng.normal(0, 0.6, variable.shape))
    return model


def given(model, rows=1):
    y = np.eye(3, dtype="float32")[np.arange(rows) % 3]
    return model.prior_given(y, model.guess(y))


@pytest.mark.parametrize("sees", ["y", pytest.param("nothing", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "prior", ["flow", "vampprior", pytest.param("ladder", marks=pytest.mark.slow)]
)
def test_the_density_integrates_to_one(prior, sees):
    model = make(prior=prior, prior_sees=sees, couplings=3)
    middle = np.asarray(given(model).mean)
    axis = np.linspace(-40, 40, 801)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(1, -1, 2).astype("float32")
    log_prob = np.asarray(given(model).per_sample().log_prob(grid + middle))
    assert np.exp(log_prob.astype("float64")).sum() * (axis[1] - axis[0]) ** 2 == pytest.approx(
        1, abs=2e-3
    )


@pytest.mark.parametrize("latent_dim", [2, 5])
def test_a_flows_transform_inverts_and_its_density_is_that_of_its_draws(latent_dim):
    """log p(z) = log N(noise) - log |det dz / dnoise|, the Jacobian by finite differences."""
    model = make(latent_dim, prior="flow", couplings=3)
    noise = np.random.default_rng(0).standard_normal((1, latent_dim)).astype("float32")
    flow, step = given(model, 1), 1e-2
    base = np.asarray(flow.base.mean), np.asarray(flow.base.logvar)
    shifted = noise + step * np.concatenate([np.eye(latent_dim), -np.eye(latent_dim)])[:, None]
    z = np.concatenate([np.asarray(flow.transform(n.astype("float32"))) for n in shifted])
    jacobian = (z[:latent_dim] - z[latent_dim:]) / (2 * step)
    _, log_det = np.linalg.slogdet(jacobian)
    expected = -0.5 * (noise**2).sum() - latent_dim / 2 * np.log(2 * np.pi) - log_det
    assert float(flow.log_prob(flow.transform(noise))[0]) == pytest.approx(expected, abs=5e-3)
    assert base[0].shape == (1, latent_dim)
    np.testing.assert_allclose(flow.mean, flow.transform(0 * noise), atol=1e-5)


def test_a_new_flow_is_the_standard_normal():
    model = build_model(Spec().override(prior="flow", **SMALL), Signature(SHAPE, (3,)))
    z = np.random.default_rng(0).standard_normal((6, 2)).astype("float32")
    y = np.eye(3, dtype="float32")[[0, 1, 2] * 2]
    expected = Normal(np.zeros((6, 2), "float32"), np.zeros((6, 2), "float32")).log_prob(z)
    np.testing.assert_allclose(model.prior_given(y, None).log_prob(z), expected, rtol=1e-5)


@pytest.mark.parametrize("sees", ["y", "nothing"])
def test_the_vampprior_is_the_mean_of_posteriors(sees):
    model = make(prior="vampprior", prior_sees=sees)
    z = np.random.default_rng(2).standard_normal((6, 2)).astype("float32")
    y = np.eye(3)[np.arange(6) % 3]
    x = 1 / (1 + np.exp(-np.asarray(model.prior.pseudo_x, "float64"))).reshape(5, -1)
    own = np.asarray(model.prior.pseudo_y, "float64") if sees == "nothing" else None
    weights = {layer.name: layer.get_weights() for layer in model.encoder.layers if layer.weights}
    expected = []
    for row, code in zip(z, y, strict=True):
        seen = np.tile(code, (5, 1)) if own is None else own
        kernel, bias = weights["hidden_0"]
        hidden = np.maximum(np.concatenate([x, seen], axis=1) @ kernel + bias, 0)
        mean, logvar = (hidden @ weights[n][0] + weights[n][1] for n in ("mean", "logvar"))
        squared = (row - mean) ** 2 / np.exp(logvar)
        log_probs = -0.5 * (squared + logvar + np.log(2 * np.pi)).sum(axis=1)
        expected.append(logsumexp(log_probs) - np.log(5))
    np.testing.assert_allclose(given(model, 6).log_prob(z), expected, rtol=1e-4, atol=1e-4)


def test_draws_of_a_mixture_are_its_components_in_equal_shares():
    """Components far apart: each has 1/3 of the draws, with its own mean and scale."""
    mean, scale = np.array([[[-50.0], [0.0], [50.0]]], "float32"), np.array([0.5, 1.0, 2.0])
    logvar = (2 * np.log(scale)).reshape(1, 3, 1).astype("float32")
    noise = np.random.default_rng(0).standard_normal((30_000, 2)).astype("float32")
    z = np.asarray(NormalMixture(Normal(mean, logvar)).transform(noise))[:, 0]
    for centre, width in zip((-50, 0, 50), scale, strict=True):
        own = z[np.abs(z - centre) < 20]
        assert len(own) / len(z) == pytest.approx(1 / 3, abs=0.012)
        assert own.mean() == pytest.approx(centre, abs=0.1)
        assert own.std() == pytest.approx(width, rel=0.05)


@pytest.mark.parametrize("sees", ["y", pytest.param("nothing", marks=pytest.mark.slow)])
@pytest.mark.parametrize("prior", ["flow", "vampprior", "ladder"])
def test_one_draw_and_many_have_one_law_and_a_seed_one_answer(prior, sees):
    """Both estimators' paths: a row's draws, and an axis of them."""
    model = make(prior=prior, prior_sees=sees)
    noise = np.random.default_rng(0).standard_normal((3, 4, model.prior_noise_dim))
    noise = noise.astype("float32")
    prior_of = given(model, 3)
    many = np.asarray(prior_of.per_sample().transform(noise))
    log_probs = np.asarray(prior_of.per_sample().log_prob(many))
    for k in range(4):
        z = np.asarray(prior_of.transform(noise[:, k]))
        np.testing.assert_allclose(many[:, k], z, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(log_probs[:, k], prior_of.log_prob(z), rtol=1e-3, atol=1e-3)
    drawn = ops.convert_to_numpy(prior_of.sample(keras.random.SeedGenerator(0)))
    assert drawn.shape == (3, 2)
    trained = TrainedModel(model, Categorical(name="animal", categories=("ant", "bee", "cat")))
    z = [trained.sample_prior("bee", 7, seed=3) for _ in range(2)]
    np.testing.assert_array_equal(*z)
    assert trained.predict(["ant", "cat"], 2).samples.shape == (2, 2, *SHAPE)


def test_the_wrong_prior_is_refused():
    with pytest.raises(InputError, match="alpha 0 needs the prior"):
        Spec().override(prior="flow", alpha=0.0)
    with pytest.raises(InputError, match="latent_dim of 2"):
        Spec().override(prior="flow", latent_dim=1)
    with pytest.raises(InputError, match="prior_sees 'nothing' needs"):
        Spec().override(prior_sees="nothing")
