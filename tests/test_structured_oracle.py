"""A linear-Gaussian structured model, whose log p(x | y) is known in closed form."""

import numpy as np
import pytest

from condvae.conditions import MaskedImage
from condvae.conditions.masks import observe, quadrants
from condvae.inference.trained import TrainedModel
from condvae.models import build_model
from condvae.spec import Signature, Spec

SHAPE, SCALE, NUM = (4, 3, 1), 0.7, 600


class StructuredOracle:
    """x_m = W_m z + G y + scale * noise for the missing pixels m, z ~ N(P y + p, diag(s^2)).

    The baseline computes G y, the prior P y + p. W_m has orthogonal columns, so that the exact
    posterior is diagonal, as the encoder's.

    Args:
        error: how far the encoder's mean (and log-variance) is from the exact posterior's.
    """

    def __init__(self, error: float = 0.0):
        rng = np.random.default_rng(1)
        spec = Spec().override(
            task="quadrants",
            observed=2,
            prior="conditional",
            baseline="joint",
            decoder_sees="z",
            likelihood="normal",
            scale=SCALE,
            latent_dim=2,
            hidden_dims=(),
        )
        condition = MaskedImage(image_shape=SHAPE, y_max=1)
        self.model = TrainedModel(
            build_model(spec, Signature(SHAPE, condition.shape, x_max=1)), condition
        )
        given = quadrants(4, 3, 2)
        self.missing = ~given.reshape(-1)
        w = rng.standard_normal((12, 2))
        w[self.missing] = np.linalg.qr(w[self.missing])[0] * [1.5, 0.8]
        g, p, s = rng.standard_normal((24, 12)), rng.standard_normal((24, 2)), np.array([0.9, 1.3])
        network = self.model.keras_model

        def put(part: str, layer: str, kernel: np.ndarray, bias: np.ndarray) -> None:
            getattr(network, part).get_layer(layer).set_weights([kernel, bias])

        put("decoder", "x_params", w.T, np.zeros(12))
        put("baseline", "guess", g, np.zeros(12))
        # the prior sees y and the guess; here it reads y alone
        put("prior", "mean", np.concatenate([p, np.zeros((12, 2))]), np.zeros(2))
        put("prior", "logvar", np.zeros((36, 2)), np.log(s**2))
        # q: precision 1 / s^2 + |w_m|^2 / scale^2; its mean is linear in x and y
        w_missing = w * self.missing[:, None]
        variance = 1 / (1 / s**2 + (w_missing**2).sum(axis=0) / SCALE**2)
        of_x = w_missing * variance / SCALE**2
        of_y = p * variance / s**2 - g @ of_x
        put("encoder", "mean", np.concatenate([of_x, of_y]), np.full(2, error))
        put("encoder", "logvar", np.zeros((36, 2)), np.log(variance) + error)
        context = rng.standard_normal((NUM, *SHAPE)).astype("float32")
        self.y = observe(context, given)
        flat = self.y.reshape(NUM, -1).astype("float64")
        z = flat @ p + s * rng.standard_normal((NUM, 2))
        noise = SCALE * rng.standard_normal((NUM, 12))
        x = np.where(self.missing, z @ w.T + flat @ g + noise, context.reshape(NUM, -1))
        self.x = x.reshape(NUM, *SHAPE).astype("float32")
        w, mean = w[self.missing], (flat @ p @ w.T + flat @ g)[:, self.missing]
        covariance = (w * s**2) @ w.T + SCALE**2 * np.eye(len(w))
        centred = self.x.reshape(NUM, -1)[:, self.missing] - mean
        quadratic = np.einsum("ni,ij,nj->n", centred, np.linalg.inv(covariance), centred)
        self.log_prob = -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * covariance)[1])

    def estimate(self, num_samples: int, estimator: str, seed: int = 0):
        return self.model.estimate_log_prob(self.x, self.y, num_samples, estimator, seed)


def test_with_the_exact_posterior_one_sample_gives_the_exact_likelihood():
    oracle = StructuredOracle()
    estimate = oracle.estimate(25, "importance")
    np.testing.assert_allclose(estimate.log_prob, oracle.log_prob, atol=2e-3)
    np.testing.assert_allclose(estimate.effective_samples, 25, rtol=1e-3)
    assert estimate.sampling_error.max() < 5e-3


@pytest.mark.parametrize(("estimator", "num_samples"), [("importance", 400), ("prior", 8000)])
def test_both_estimators_converge_to_the_exact_likelihood(estimator, num_samples):
    oracle = StructuredOracle(error=0.3)
    estimate = oracle.estimate(num_samples, estimator)
    assert estimate.mean == pytest.approx(oracle.log_prob.mean(), abs=0.01)
    assert estimate.num_samples == num_samples
    error = (estimate.log_prob - oracle.log_prob) / estimate.sampling_error
    assert np.median(np.abs(error)) == pytest.approx(0.6745, abs=0.15)  # of a standard normal


def test_the_bias_shrinks_as_one_over_the_samples():
    """E[log p_S] = log p - Var(w) / (2 S E[w]^2) + O(1 / S^2), negative for every S."""
    oracle = StructuredOracle(error=0.5)
    gaps = {
        s: np.mean(
            [oracle.log_prob - oracle.estimate(s, "importance", seed).log_prob for seed in range(9)]
        )
        for s in (25, 100)
    }
    ess = oracle.estimate(400, "importance").effective_samples
    expected = np.mean(1 / ess - 1 / 400) * 400 / 2  # Var(w) / (2 E[w]^2)
    assert gaps[25] == pytest.approx(expected / 25, rel=0.35)
    assert gaps[100] == pytest.approx(expected / 100, rel=0.35)
    assert gaps[25] > gaps[100] > 0


def test_monte_carlo_is_the_looser_one():
    oracle = StructuredOracle(error=0.2)
    importance, monte_carlo = (oracle.estimate(50, name) for name in ("importance", "prior"))
    assert importance.mean > monte_carlo.mean
    assert np.median(importance.effective_samples) > 2 * np.median(monte_carlo.effective_samples)
