import numpy as np
import pytest

from condvae.metrics.jackknife import jackknife_error


def test_the_error_of_a_mean_is_known():
    """With as many groups as rows it is exactly the textbook's s / sqrt(n)."""
    values = np.random.default_rng(0).normal(size=50)
    found = jackknife_error(lambda rows: values[rows].mean(), 50, groups=50)
    assert found == pytest.approx(values.std(ddof=1) / np.sqrt(50))


def test_groups_come_near():
    rng = np.random.default_rng(1)
    found = []
    for seed in range(60):
        values = rng.exponential(size=400)
        found.append(jackknife_error(lambda rows, v=values: v[rows].var(), 400, seed))
    exact = np.sqrt(8 / 400)  # the fourth moment of Exp(1) is 9
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(exact, rel=0.25)


def test_one_row_has_no_error():
    assert np.isnan(jackknife_error(lambda rows: 0.0, 1))
