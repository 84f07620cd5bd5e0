"""The ladder of latents, on a linear-Gaussian one whose posterior and log p(x | y) are known."""

import keras
import numpy as np
import pytest
from keras import ops

from condvae.checks import InputError
from condvae.conditions import Categorical
from condvae.distributions import Chain, Normal, kl_by_dimension
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.spec import Signature, Spec

SHAPE, SCALE, HIDDEN = (2, 3, 1), 0.7, 16
GROUPS = {"prior": "ladder", "latent_groups": (1, 2), "latent_dim": 3}


class LadderOracle:
    """x = W1 z1 + W2 z2 + scale * noise, z1 ~ N(P y, s1^2), z2 ~ N(A z1 + B y, s2^2).

    x has six numbers, z1 one, z2 two, y is one of three classes. The columns of W2 are orthogonal,
    so that the exact posterior of each group is diagonal; the networks' relu layers compute linear
    functions as relu(v) - relu(-v).

    Args:
        error: how far the encoder's mean and log-variance are from the exact posterior's.
    """

    def __init__(self, rows: int, error: float = 0.0):
        rng = np.random.default_rng(1)
        spec = Spec().override(
            **GROUPS,
            decoder_sees="z",
            likelihood="normal",
            scale=SCALE,
            hidden_dims=(),
            coupling_dims=(HIDDEN,),
        )
        network = build_model(spec, Signature(SHAPE, (3,), x_max=1))
        w1 = rng.standard_normal((6, 1))
        w2 = np.linalg.qr(rng.standard_normal((6, 2)))[0] * [1.5, 0.8]
        p, a, b = (rng.standard_normal(shape) for shape in ((3, 1), (1, 2), (3, 2)))
        s1, s2 = np.array([0.8]), np.array([0.6, 1.3])
        # z2 given z1, x, y: off the prior's mean by gain2 of x - W1 z1 - W2 mu2
        variance2 = 1 / (1 / s2**2 + (w2**2).sum(axis=0) / SCALE**2)
        gain2 = w2 * variance2 / SCALE**2
        # z1 given x, y: by gain1 of x - W2 B y - G P y, with z2's spread as noise
        g = w1 + w2 @ a.T
        spread = (w2 * s2**2) @ w2.T + SCALE**2 * np.eye(6)
        told = np.linalg.solve(spread, g)
        variance1 = 1 / (1 / s1**2 + (g * told).sum(axis=0))
        gain1 = told * variance1
        of_x = np.concatenate([gain1, gain2], axis=1)
        of_y = np.concatenate([p - (b @ w2.T + p @ g.T) @ gain1, b - b @ w2.T @ gain2], axis=1)
        variance = np.concatenate([variance1, variance2])

        def put(part, layer, kernel, bias):
            part.get_layer(layer).set_weights([kernel, bias])

        def linear(part, kernel, bias):
            """Let a network of a group compute inputs @ kernel as its mean, bias as its logvar."""
            name, (inputs, outputs) = part.name, kernel.shape
            wide = np.zeros((inputs, HIDDEN))
            seen = np.flatnonzero(kernel.any(axis=1))
            both = np.zeros((HIDDEN, outputs))
            for place, row in enumerate(seen):
                wide[row, 2 * place], wide[row, 2 * place + 1] = 1, -1
                both[2 * place], both[2 * place + 1] = kernel[row], -kernel[row]
            put(part, f"{name}_hidden_0", wide, np.zeros(HIDDEN))
            put(part, f"{name}_mean", both, np.zeros(outputs))
            # the logvar has a soft bound
            put(part, f"{name}_logvar", 0 * both, 10 * np.arctanh(np.array(bias) / 10))

        prior, zeros = network.prior, np.zeros
        put(network.decoder, "x_params", np.concatenate([w1, w2], axis=1).T, zeros(6))
        put(network.encoder, "mean", np.concatenate([of_x, of_y]), np.full(3, error))
        put(network.encoder, "logvar", zeros((9, 3)), np.log(variance) + error)
        context = np.concatenate([np.eye(3), zeros((3, HIDDEN - 3))], axis=1)
        put(prior.embedding, "embedding", context, zeros(HIDDEN))
        put(prior.embedding, "mean", np.concatenate([p, zeros((HIDDEN - 3, 1))]), zeros(1))
        put(prior.embedding, "logvar", zeros((HIDDEN, 1)), np.log(s1**2))
        of_y = np.concatenate([b, zeros((HIDDEN - 3, 2))])
        linear(prior.priors[0], np.concatenate([a, of_y]), np.log(s2**2))
        moved = a - g.T @ gain2
        linear(prior.posteriors[0], np.concatenate([moved, zeros((6, 2))]), zeros(2))
        condition = Categorical(name="animal", categories=("ant", "bee", "cat"))
        self.model = TrainedModel(network, condition)
        codes = rng.integers(0, 3, rows)
        z1 = p[codes] + s1 * rng.standard_normal((rows, 1))
        z2 = z1 @ a + b[codes] + s2 * rng.standard_normal((rows, 2))
        x = z1 @ w1.T + z2 @ w2.T + SCALE * rng.standard_normal((rows, 6))
        self.x, self.codes = x.reshape(rows, *SHAPE).astype("float32"), codes
        self.y = np.eye(3, dtype="float32")[codes]
        covariance = s1**2 * g @ g.T + spread
        centred = x - p[codes] @ g.T - b[codes] @ w2.T
        quadratic = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(covariance), centred)
        self.log_prob = -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * covariance)[1])

    def posterior(self):
        """q(z | x, y) and p(z | y)."""
        network, x = self.model.keras_model, ops.convert_to_tensor(self.x)
        y = ops.convert_to_tensor(self.y)
        prior = network.prior_given(y, None)
        return network.posterior(x, y, prior), prior


def test_with_the_exact_posterior_one_draw_gives_the_exact_likelihood():
    oracle = LadderOracle(300)
    estimate = oracle.model.estimate_log_prob(oracle.x, oracle.y, 25)
    np.testing.assert_allclose(estimate.log_prob, oracle.log_prob, atol=2e-3)
    np.testing.assert_allclose(estimate.effective_samples, 25, rtol=1e-3)


@pytest.mark.slow
def test_draws_from_the_prior_give_it_too():
    oracle = LadderOracle(300)
    by_prior = oracle.model.estimate_log_prob(oracle.x, oracle.y, 4000, "prior")
    error = (by_prior.log_prob - oracle.log_prob) / by_prior.sampling_error
    assert np.median(np.abs(error)) == pytest.approx(0.6745, abs=0.15)  # of a standard normal


def test_the_bounds_are_ordered_and_converge_to_the_closed_form():
    oracle = LadderOracle(3000, error=0.4)
    elbo = np.asarray(oracle.model.elbo(oracle.x, oracle.y).elbo)
    curve = oracle.model.log_prob_curve(oracle.x, oracle.y, [1, 8, 64, 512])
    gaps = [oracle.log_prob.mean() - estimate.mean for estimate in curve]
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2] > 0
    assert abs(gaps[3]) < 0.01
    # by one draw, whose KL is in closed form group by group
    spread = (elbo - curve[0].log_prob).std() / np.sqrt(len(elbo))
    assert elbo.mean() == pytest.approx(curve[0].mean, abs=4 * spread)


@pytest.mark.slow
def test_the_groups_parts_of_the_kl_add_up_to_that_of_the_joint():
    """In expectation, and with less variance than log q - log p at the draw."""
    oracle = LadderOracle(1, error=0.4)
    posterior, prior = (of.per_sample() for of in oracle.posterior())
    noise = np.random.default_rng(0).standard_normal((1, 40_000, 3)).astype("float32")
    z = posterior.transform(noise)
    parts = np.asarray(kl_by_dimension(posterior.given(z), prior.given(z)))[0]
    joint = np.asarray(posterior.log_prob(z) - prior.log_prob(z))[0]
    assert (parts >= 0).all()
    difference = parts.sum(axis=1) - joint
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(len(difference))
    assert parts.sum(axis=1).std() < 0.9 * joint.std()


def test_encode_gives_the_path_of_means_and_noise_gives_the_draw_back():
    oracle = LadderOracle(50)
    posterior, prior = oracle.posterior()
    mean, logvar = oracle.model.encode(oracle.x, oracle.y)
    np.testing.assert_allclose(mean, posterior.transform(np.zeros((50, 3), "float32")), atol=1e-6)
    first = np.asarray(posterior.first.mean)
    np.testing.assert_allclose(mean[:, :1], first, atol=1e-6)
    links = posterior.links[0](ops.convert_to_tensor(first))
    np.testing.assert_allclose(mean[:, 1:], links.mean, atol=1e-5)
    np.testing.assert_allclose(logvar[:, 1:], links.logvar, atol=1e-5)
    noise = np.random.default_rng(0).standard_normal((50, 3), "float32")
    drawn = oracle.model.sample_posterior(oracle.x, oracle.y, seed=0)
    np.testing.assert_allclose(drawn, posterior.transform(noise), atol=1e-5)
    np.testing.assert_allclose(prior.noise_of(prior.transform(noise)), noise, atol=1e-5)


def test_a_new_ladder_is_the_standard_normal_and_its_posterior_the_encoders():
    model = build_model(Spec().override(**GROUPS, hidden_dims=(7,)), Signature(SHAPE, (3,)))
    rng = np.random.default_rng(0)
    x, z = (ops.convert_to_tensor(rng.random((6, *of), "float32")) for of in (SHAPE, (3,)))
    y = ops.convert_to_tensor(np.eye(3, dtype="float32")[[0, 1, 2] * 2])
    prior = model.prior_given(y, None)
    zeros = np.zeros((6, 3), "float32")
    np.testing.assert_allclose(prior.log_prob(z), Normal(zeros, zeros).log_prob(z), rtol=1e-5)
    encoded = model.encode(x, y)
    log_prob = model.posterior(x, y, prior).log_prob(z)
    np.testing.assert_allclose(log_prob, encoded.log_prob(z), rtol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="gradients are taken by JAX here")
def test_held_parameters_are_reached_by_way_of_the_draws_alone():
    """For N(a + b z1, exp(c z1)) given z1: gradients to z1 are kept, those to a, b, c are zero."""
    import jax

    z = np.array([[0.3, -0.8]], "float32")

    def log_prob(weights, z, held):
        a, b, c = weights
        first = Normal(a * np.ones((1, 1), "float32"), np.zeros((1, 1), "float32"))
        chain = Chain(2, first, [lambda above: Normal(a + b * above, c * above)])
        return ops.sum((chain.held() if held else chain).log_prob(z))

    weights = np.array([0.4, 1.2, -0.7], "float32")
    of_weights, of_z = jax.grad(log_prob, (0, 1))(weights, z, True)
    np.testing.assert_array_equal(of_weights, 0)
    np.testing.assert_allclose(of_z, jax.grad(log_prob, 1)(weights, z, False), rtol=1e-6)
    assert log_prob(weights, z, True) == pytest.approx(float(log_prob(weights, z, False)))


def test_fine_groups_vary_under_coarse_ones_that_stay():
    """By way of the draws' images: x_mean = W z, of which W tells z again."""
    oracle = LadderOracle(1)
    model, seen = oracle.model, {"num_samples": 4000, "keep": 1, "seed": 3}
    w = np.asarray(model.keras_model.decoder.get_layer("x_params").kernel).T

    def styles(**settings):
        x = model.generate("bee", **seen, **settings).reshape(4000, 6)
        return np.linalg.lstsq(w, x.T, rcond=None)[0].T

    style = model.sample_prior("bee", 1, seed=8)
    for z in (styles(), styles(z=style)):
        np.testing.assert_allclose(z[:, 0], z[0, 0], atol=1e-5)
        _, prior = oracle.posterior()
        given = prior.links[0](ops.convert_to_tensor(z[:1, :1].astype("float32")))
        # of the row's own y, which may be another: only the spread is that of any y
        scale = np.exp(np.asarray(given.logvar)[0] / 2)
        np.testing.assert_allclose(z[:, 1:].std(axis=0), scale, rtol=0.05)
    assert z[0, 0] == pytest.approx(style[0, 0], abs=1e-5)
    cut = model.generate_blocks([["bee"] * 7, ["bee"] * 9], z=style, keep=1, seed=3)
    whole = model.generate("bee", 16, z=style, keep=1, seed=3)
    np.testing.assert_allclose(np.concatenate([*cut]), whole, atol=1e-6)
    with pytest.raises(InputError, match="leave a group"):
        model.generate("bee", keep=2)


def test_settings_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="need each other"):
        Spec().override(prior="ladder")
    with pytest.raises(InputError, match="need each other"):
        Spec().override(latent_groups=(1, 1))
    with pytest.raises(InputError, match="add up to latent_dim: 3 are not 2"):
        Spec().override(prior="ladder", latent_groups=(1, 2))
    with pytest.raises(InputError, match="alpha 0 needs the prior"):
        Spec().override(**GROUPS, alpha=0.0)
