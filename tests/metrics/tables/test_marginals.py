import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from table_cases import table

from condvae.metrics.tables.marginals import marginal_distance


@pytest.mark.parametrize("shift", [0.1, 1, 3])
def test_shifted_normals(shift):
    """The cumulated shares of N(0, 1) and N(shift, 1) differ most in the middle between them."""
    quantiles = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    distance = marginal_distance({"x": quantiles}, {"x": quantiles[::2] + shift})
    assert distance["x"] == pytest.approx(2 * stats.norm.cdf(shift / 2) - 1, abs=2e-4)


@given(st.integers(0, 1000), st.integers(1, 40), st.integers(1, 40))
def test_marginals_against_others(seed, num_real, num_synthetic):
    real, synthetic = table(num_real, seed), table(num_synthetic, seed + 1)
    distances = marginal_distance(real, synthetic)
    for name in ("size", "steps"):
        expected = stats.ks_2samp(real[name], synthetic[name]).statistic
        assert distances[name] == pytest.approx(expected)
    for name in ("animal", "sign"):
        words = {*real[name], *synthetic[name]}
        shares = [(np.mean(real[name] == w), np.mean(synthetic[name] == w)) for w in words]
        assert distances[name] == pytest.approx(sum(abs(a - b) for a, b in shares) / 2)


def test_marginals_by_hand():
    real = {"x": np.array([1, 2, 3, 4]), "t": np.array(["a", "a", "b", "b"])}
    synthetic = {
        "x": np.array([1, 2, 2, np.nan, np.nan]),
        "t": np.array(["a", "c", "a", "a", "b"]),
    }
    assert marginal_distance(real, synthetic) == pytest.approx({"x": 0.4, "t": 0.3})


def test_missing_values_count():
    real = {"x": np.array([1, 2, np.nan, np.nan]), "t": np.array(["a", "", "", ""])}
    synthetic = {"x": np.array([1, 2]), "t": np.array(["a", "a"])}
    assert marginal_distance(real, synthetic) == {"x": 0.5, "t": 0.75}
