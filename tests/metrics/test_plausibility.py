import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from condvae.checks import InputError
from condvae.metrics.plausibility import (
    found_share,
    label_margins,
    log_marginal,
    log_posterior,
    rank_lowest,
)

LOG_LIKELIHOODS = np.log([[0.5, 0.3, 0.1], [0.2, 0.2, 0.8]]) - 2_000
LOG_PRIOR = np.log([0.1, 0.3, 0.6])


def test_by_hand():
    joint = np.array([[0.05, 0.09, 0.06], [0.02, 0.06, 0.48]])
    log_p = log_marginal(LOG_LIKELIHOODS, LOG_PRIOR)
    np.testing.assert_allclose(log_p, np.log([0.2, 0.56]) - 2_000, rtol=1e-12)
    posterior = np.exp(log_posterior(LOG_LIKELIHOODS, LOG_PRIOR))
    np.testing.assert_allclose(posterior, joint / joint.sum(axis=1, keepdims=True))
    assert posterior.argmax(axis=1).tolist() == [1, 2]
    assert log_posterior(LOG_LIKELIHOODS).argmax(axis=1).tolist() == [0, 2]
    margins = label_margins(LOG_LIKELIHOODS, [2, 2], LOG_PRIOR)
    np.testing.assert_allclose(margins, np.log([0.06 / 0.09, 0.48 / 0.06]))
    margins = label_margins(LOG_LIKELIHOODS, [0, 1])
    np.testing.assert_allclose(margins, np.log([5 / 3, 1 / 4]))


def test_labels_alike_frequent():
    log_likelihoods = np.random.default_rng(0).normal(-700, 30, (20, 7)).astype("float32")
    alike = np.full(7, -np.log(7))
    for measure in (log_marginal, log_posterior):
        np.testing.assert_allclose(measure(log_likelihoods), measure(log_likelihoods, alike))
    expected = logsumexp(log_likelihoods.astype("float64"), axis=1) - np.log(7)
    np.testing.assert_allclose(log_marginal(log_likelihoods), expected)


def test_a_label_that_never_occurs_is_never_best():
    log_prior = np.log([0.5, 0.5, 1]) + [0, 0, -np.inf]
    best = log_posterior(LOG_LIKELIHOODS, log_prior).argmax(axis=1)
    assert best.tolist() == [0, 0]
    margins = label_margins(LOG_LIKELIHOODS, [2, 0], log_prior)
    assert margins.tolist() == [-np.inf, 0]


def test_the_given_arrays_stay():
    before = LOG_LIKELIHOODS.copy()
    label_margins(LOG_LIKELIHOODS, [0, 0])
    np.testing.assert_array_equal(LOG_LIKELIHOODS, before)


def test_flipped_labels_are_found():
    """Two clusters five deviations apart: the flips are where the exact density says."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 2_000)
    x = rng.normal(5 * truth)
    log_likelihoods = stats.norm.logpdf(x[:, None], [0, 5])
    flipped = rng.permutation(2_000) < 40
    ranking = rank_lowest(label_margins(log_likelihoods, truth ^ flipped))
    # of 1,960 right labels 0.6 % fit worse than the other
    assert found_share(ranking, flipped, 0.025) > 0.8
    assert found_share(ranking, flipped, 0.05) == pytest.approx(1, abs=0.03)
    outlier = rank_lowest(log_marginal(log_likelihoods))[0]
    assert outlier == np.argmax(np.minimum(abs(x), abs(x - 5)))


def test_the_share_that_was_found():
    ranking = np.array([3, 0, 2, 4, 1])
    planted = np.array([True, False, True, True, False])
    found = [found_share(ranking, planted, share) for share in (0, 0.2, 0.4, 0.5, 0.6, 1)]
    assert found == [0, 1 / 3, 2 / 3, 2 / 3, 1, 1]
    assert np.isnan(found_share(ranking, ~planted & planted, 0.5))


def test_ties_keep_their_order():
    assert rank_lowest(np.array([1, 0, 1, 0, -np.inf])).tolist() == [4, 1, 3, 0, 2]


@pytest.mark.parametrize(
    ("log_likelihoods", "log_prior", "said"),
    [
        (LOG_LIKELIHOODS[0], None, "the log-likelihoods must have the shape"),
        (LOG_LIKELIHOODS * np.nan, None, "the log-likelihoods must hold finite"),
        (LOG_LIKELIHOODS, LOG_PRIOR[:2], r"the log-prior must have the shape \(3\)"),
        (LOG_LIKELIHOODS, np.zeros(3), "the log-prior must be .* received a sum of 3"),
    ],
)
def test_what_does_not_fit_is_refused(log_likelihoods, log_prior, said):
    for measure in (log_marginal, log_posterior):
        with pytest.raises(InputError, match=said):
            measure(log_likelihoods, log_prior)
    with pytest.raises(InputError, match=said):
        label_margins(log_likelihoods, [0, 0], log_prior)


def test_codes_and_shares_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"the labels must lie in \[0, 2\]"):
        label_margins(LOG_LIKELIHOODS, [0, 3])
    with pytest.raises(InputError, match=r"the planted rows must have the shape \(2\)"):
        found_share(np.arange(2), np.ones(3), 0.5)
    with pytest.raises(InputError, match="the share must lie in"):
        found_share(np.arange(2), np.ones(2), 2)
