import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from condvae.checks import InputError
from condvae.metrics.auc import area_under_curve


@given(st.integers(0, 1000), st.integers(2, 30), st.integers(2, 30), st.booleans())
def test_it_is_that_of_scikit_learn(seed, m, n, ties):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0.5, size=m), rng.normal(size=n)
    if ties:
        first, second = np.rint(first), np.rint(second)
    truth = np.repeat([1, 0], [m, n])
    expected = roc_auc_score(truth, np.concatenate([first, second]))
    assert area_under_curve(first, second).value == pytest.approx(expected)


def test_the_area_and_its_error_of_two_normals():
    """P(x > y) = Phi(shift / sqrt(2)); the error is the spread over many draws."""
    rng = np.random.default_rng(0)
    found = [area_under_curve(rng.normal(1, size=80), rng.normal(size=120)) for _ in range(400)]
    values = np.array([auc.value for auc in found])
    assert values.mean() == pytest.approx(stats.norm.cdf(1 / np.sqrt(2)), abs=0.005)
    assert np.mean([auc.error for auc in found]) == pytest.approx(values.std(), rel=0.1)


def test_rows_told_apart_for_sure():
    auc = area_under_curve(np.array([2.0, 3.0]), np.array([0.0, 1.0]))
    assert (auc.value, auc.error) == (1, 0)


def test_one_row_is_too_few():
    with pytest.raises(InputError, match="received 1 and 2"):
        area_under_curve(np.zeros(1), np.zeros(2))
