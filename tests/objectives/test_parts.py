"""Free bits, schedules and the KL of priors that are no Normal, against hand computations."""

import keras
import numpy as np
import pytest
from keras import ops

from condvae.checks import InputError
from condvae.distributions import Normal
from condvae.models.objective import objective_of
from condvae.objectives import (
    ELBO,
    Beta,
    Coarse,
    Deterministic,
    Hybrid,
    ImportanceWeighted,
    SemiSupervised,
    free_bits_kl,
    importance_terms,
    kl_parts,
    rising_share,
)
from condvae.spec import Spec


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


STRUCTURED = {"baseline": "joint"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"beta": 2.0, "free_bits": 0.5}, ELBO(Beta(2.0), 0.5)),
        ({"beta_warmup": 0.5, "beta_cycles": 4}, ELBO(Beta(1.0, 12, 25))),
        ({"num_samples": 3, "gradient": "dreg"}, ImportanceWeighted(3, "dreg")),
        ({"alpha": 0.5, "free_bits": 0.1}, Hybrid(0.5, free_bits=0.1)),
        ({"labelled": 9, "classifier_warmup": 0.2}, SemiSupervised(classifier_warmup=20)),
        ({"network": "deterministic", **STRUCTURED}, Deterministic()),
        ({"alpha": 0.0, "coarse_weight": 0.3, **STRUCTURED}, Coarse(Hybrid(0.0), 0.3)),
    ],
)
def test_a_spec_has_its_objective_and_keras_writes_it_down(settings, expected):
    found = objective_of(Spec().override(**settings), steps=100)
    assert found == expected
    config = keras.saving.serialize_keras_object(found)
    assert keras.saving.deserialize_keras_object(config) == found


def test_a_gradient_that_there_is_not_is_named():
    with pytest.raises(InputError, match="Did you mean 'dreg'"):
        ImportanceWeighted(2, "dregg")
