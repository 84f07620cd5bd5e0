"""Free bits, schedules and the KL of priors that are no Normal, against hand computations."""

import numpy as np
import pytest
from keras import ops

from condvae.distributions import Normal
from condvae.objectives import free_bits_kl, importance_terms, kl_parts, rising_share


def test_free_bits_by_hand():
    """Means over the batch 0.2, 1.0 and 3.0 with 0.5 nats free: the first latent costs 0.5."""
    kl = np.array([[0.1, 2.0, 1.0], [0.3, 0.0, 5.0]], "float32")
    loss = ops.convert_to_numpy(free_bits_kl(ops.convert_to_tensor(kl), 3, 0.5))
    np.testing.assert_allclose(loss, [0.5 + 2.0 + 1.0, 0.5 + 0.0 + 5.0])
    assert loss.mean() == pytest.approx(np.maximum(kl.mean(axis=0), 0.5).sum())


@pytest.mark.parametrize(("mean", "expected"), [(1.4, 1.5), (1.6, 1.6)])
def test_free_bits_of_a_whole_are_those_of_all_latents(mean, expected):
    kl = np.array([[mean - 3.0], [mean + 3.0]], "float32")  # a draw's may be negative
    assert float(ops.mean(free_bits_kl(ops.convert_to_tensor(kl), 3, 0.5))) == pytest.approx(
        expected
    )


def test_the_weight_rises_linearly_and_stays():
    shares = [float(rising_share(step, 4)) for step in range(7)]
    assert shares == [0, 0.25, 0.5, 0.75, 1, 1, 1]


def test_the_weight_rises_in_cycles():
    """Fu et al. 2019 with M = 2 cycles of 6 steps, R = 1/2."""
    shares = [float(rising_share(step, 3, 6)) for step in range(12)]
    np.testing.assert_allclose(shares, [0, 1 / 3, 2 / 3, 1, 1, 1] * 2, rtol=1e-6)


class Shifted:
    """The density of a Normal by another name: no closed form is known of it."""

    def __init__(self, normal):
        self.log_prob = normal.log_prob


def test_the_kl_by_draws_is_that_in_closed_form():
    rng = np.random.default_rng(0)
    q, p = (
        Normal(*(rng.normal(0, 0.4, (1, 3)).astype("float32") for _ in range(2))) for _ in range(2)
    )
    z = q.transform(rng.standard_normal((20_000, 3)).astype("float32"))
    exact, draws = np.asarray(kl_parts(q, p, z)), np.asarray(kl_parts(q, Shifted(p), z))
    assert (exact.shape, draws.shape) == ((1, 3), (20_000, 1))
    error = draws.std() / np.sqrt(len(draws))
    assert abs(draws.mean() - exact.sum()) < 4 * error


def test_the_bound_of_one_draw_is_the_elbo_of_that_draw():
    likelihood, ratio = np.array([[-3.0], [-5.0]], "float32"), np.array([[-1.0], [2.0]], "float32")
    terms = importance_terms(likelihood, ratio, -ratio, beta=0.5)
    np.testing.assert_allclose(terms.loss, [3.5, 4.0])
    np.testing.assert_allclose(terms.elbo, [-4.0, -3.0])
