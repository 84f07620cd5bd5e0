import numpy as np
import pytest
from keras import ops

from condvae.distributions import Bernoulli
from condvae.objectives import coarse_loss, elbo_terms, hybrid_terms


@pytest.fixture
def parts():
    rng = np.random.default_rng(0)
    x = rng.random((5, 4, 4, 1)).astype("float32")
    logits, others = (rng.standard_normal((5, 4, 4, 1)).astype("float32") for _ in range(2))
    kl = rng.random((5, 3)).astype("float32")
    return x, Bernoulli(logits, 3), Bernoulli(others, 3), kl


def test_the_ends_are_the_cvae_and_the_gsnn(parts):
    x, from_posterior, from_prior, kl = parts
    cvae = hybrid_terms(*parts, alpha=1.0, beta=2.0)
    for one, other in zip(cvae, elbo_terms(x, from_posterior, kl, 2.0), strict=True):
        np.testing.assert_array_equal(one, other)
    gsnn = hybrid_terms(*parts, alpha=0.0)
    np.testing.assert_array_equal(gsnn.loss, -from_prior.log_prob(x))
    np.testing.assert_array_equal(gsnn.kl_loss, 0)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_between_them_it_is_their_mixture_and_the_parts_are_the_bounds(parts, alpha):
    ends = [hybrid_terms(*parts, alpha=end) for end in (1.0, 0.0)]
    hybrid = hybrid_terms(*parts, alpha=alpha)
    mixture = alpha * np.asarray(ends[0].loss) + (1 - alpha) * np.asarray(ends[1].loss)
    np.testing.assert_allclose(hybrid.loss, mixture, rtol=1e-6)
    np.testing.assert_array_equal(hybrid.elbo, ends[0].elbo)


def test_the_coarse_loss_is_that_of_the_averages(parts):
    x, from_posterior, *_ = parts
    logits = np.asarray(from_posterior.logits, "float64")
    missing = np.ones((5, 4, 4, 1), "float32")
    missing[:, :2] = 0
    loss = coarse_loss(x, ops.convert_to_tensor(logits, "float32"), missing, (2, 4))
    p, expected = 1 / (1 + np.exp(-logits)), np.zeros(5)
    for f in (2, 4):

        def pool(a, f=f):
            return a.reshape(5, 4 // f, f, 4 // f, f).mean(axis=(2, 4))

        target, guess, weight = pool(x.astype("float64")), pool(p), pool(missing)
        entropy = -target * np.log(guess) - (1 - target) * np.log1p(-guess)
        expected += f**2 * (weight * entropy).sum(axis=(1, 2))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
