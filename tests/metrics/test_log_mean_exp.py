import numpy as np
import pytest

from condvae.metrics.log_mean_exp import LogMeanExp


def test_parts_add_up_to_the_whole():
    log_weights = np.random.default_rng(0).normal(-700, 5, (4, 60))
    total = LogMeanExp(4)
    for part in np.split(log_weights, [1, 1, 26], axis=1):
        total.add(part)
    estimate = total.estimate()
    weights = np.exp(log_weights + 700)
    np.testing.assert_allclose(estimate.log_prob, np.log(weights.mean(axis=1)) - 700, rtol=1e-12)
    ess = weights.sum(axis=1) ** 2 / (weights**2).sum(axis=1)
    np.testing.assert_allclose(estimate.effective_samples, ess, rtol=1e-9)
    np.testing.assert_allclose(estimate.mean_log_weight, log_weights.mean(axis=1), rtol=1e-12)
    assert estimate.num_samples == 60
    error = estimate.log_prob.std(ddof=1) / 2
    assert estimate.standard_error == pytest.approx(error)


def test_one_row_has_no_standard_error():
    total = LogMeanExp(1)
    total.add(np.zeros((1, 3)))
    assert np.isnan(total.estimate().standard_error)
