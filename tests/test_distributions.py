import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from condvae.distributions import Bernoulli, Categorical, Normal, kl_divergence

numbers = st.floats(-4, 4, width=32)


def normal(mean, logvar):
    return Normal(np.float32([[mean]]), np.float32([[logvar]]))


@given(mean=numbers, logvar=numbers)
def test_normal_integrates_to_one(mean, logvar):
    scale = np.exp(logvar / 2)
    grid = np.linspace(mean - 9 * scale, mean + 9 * scale, 2001, dtype="float64")
    density = np.exp(
        np.asarray(Normal(np.float64(mean), np.float64(logvar)).log_prob(grid[:, None]))
    )
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-4)


@given(logits=st.floats(-100, 100, width=32))
def test_bernoulli_sums_to_one(logits):
    distribution = Bernoulli(np.float32([[logits]]))
    log_prob = [float(distribution.log_prob(np.float32([[x]]))[0]) for x in (0, 1)]
    assert np.logaddexp(*log_prob) == pytest.approx(0, abs=1e-5)


def test_bernoulli_is_stable_where_the_probability_rounds():
    log_prob = Bernoulli(np.float32([[200.0, -200.0]])).log_prob(np.float32([[0.0, 1.0]]))
    assert float(log_prob[0]) == pytest.approx(-400)


def test_log_prob_sums_over_event_axes_only():
    x = np.zeros((5, 2, 3, 4), "float32")
    assert Bernoulli(x, event_ndim=3).log_prob(x).shape == (5,)
    assert Normal(x, x, event_ndim=1).log_prob(x).shape == (5, 2, 3)
    assert float(Bernoulli(x, event_ndim=3).log_prob(x)[0]) == pytest.approx(-24 * np.log(2))


@given(mean=numbers, logvar=numbers, prior_mean=numbers, prior_logvar=numbers)
def test_kl_equals_numerical_integration(mean, logvar, prior_mean, prior_logvar):
    scale = np.exp(logvar / 2)
    z = np.linspace(mean - 12 * scale, mean + 12 * scale, 4001)

    def log_density(mean, logvar):
        return -0.5 * (logvar + np.log(2 * np.pi) + (z - mean) ** 2 / np.exp(logvar))

    log_q = log_density(mean, logvar)
    exact = np.trapezoid(np.exp(log_q) * (log_q - log_density(prior_mean, prior_logvar)), z)
    kl = float(kl_divergence(normal(mean, logvar), normal(prior_mean, prior_logvar))[0])
    assert kl == pytest.approx(exact, rel=1e-3, abs=1e-3)


def test_kl_of_equals_is_zero_and_keeps_precision_near_it():
    same = normal(1.5, -0.7)
    assert float(kl_divergence(same, same)[0]) == 0
    nearly = float(kl_divergence(normal(0.0, 1e-3), normal(0.0, 0.0))[0])
    assert nearly == pytest.approx(2.5e-7, rel=1e-2)


def test_transform_draws_what_the_noise_stands_for():
    assert float(normal(1.0, np.log(4.0)).transform(np.float32([[0.5]]))[0, 0]) == 2
    draws = Bernoulli(np.float32([[0.0, 0.0]])).transform(np.float32([[0.4, 0.6]]))
    assert np.asarray(draws).tolist() == [[1, 0]]


@given(logits=npst.arrays("float64", (3, 4), elements=st.floats(-500, 500)))
def test_categorical_sums_to_one_and_is_stable(logits):
    choices = np.eye(4)[np.stack(np.meshgrid(*[range(4)] * 3), axis=-1).reshape(-1, 3)]
    distribution = Categorical(logits[None].astype("float32"), event_ndim=2)
    log_prob = np.asarray(distribution.log_prob(choices.astype("float32")))
    assert np.isfinite(log_prob).all()
    assert np.logaddexp.reduce(log_prob) == pytest.approx(0, abs=1e-3)


def test_categorical_draws_have_their_probabilities():
    p = np.array([0.5, 0.3, 0.15, 0.05], "float32")
    distribution = Categorical(np.log(p) + 7)
    noise = np.random.default_rng(0).random((40_000, 4), dtype="float32")
    noise[0] = 0  # what a generator may give
    drawn = np.asarray(distribution.transform(noise))
    assert set(np.unique(drawn)) == {0, 1}
    assert (drawn.sum(axis=1) == 1).all()
    assert np.abs(drawn.mean(axis=0) - p).max() < 4 * 0.5 / np.sqrt(40_000)
    np.testing.assert_allclose(distribution.mean, p, rtol=1e-6)
    one = np.eye(4, dtype="float32")[1]
    assert float(distribution.log_prob(one)) == pytest.approx(np.log(0.3), rel=1e-5)


def test_categorical_leaves_out_what_has_no_weight():
    logits = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype("float32")
    x = np.eye(4, dtype="float32")[np.random.default_rng(1).integers(0, 4, (2, 3, 3))]
    weights = np.zeros((1, 3, 3, 1), "float32")
    weights[:, 0, 0] = 1
    log_prob = Categorical(logits, 3, weights).log_prob(x)
    alone = Categorical(logits[:, 0, 0]).log_prob(x[:, 0, 0])
    np.testing.assert_allclose(log_prob, alone, rtol=1e-6)
