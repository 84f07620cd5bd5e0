import numpy as np
import pytest
from scipy import stats
from table_cases import table

from condvae.metrics.tables.associations import association_matrix, correlation_distance

GRID = np.repeat(np.arange(10.0), 10), np.tile(np.arange(10.0), 10)


@pytest.mark.parametrize("first", [float, str])
@pytest.mark.parametrize("second", [float, str])
def test_dependence_of_two_columns_is_told(first, second):
    """Each value with each other: association 0; each with its own: 1."""
    independent = {"a": GRID[0].astype(first), "b": GRID[1].astype(second)}
    dependent = {"a": GRID[0].astype(first), "b": GRID[0].astype(second)}
    assert association_matrix(independent)[0, 1] == pytest.approx(0, abs=1e-12)
    assert association_matrix(dependent)[0, 1] == pytest.approx(1)
    assert correlation_distance(independent, dependent) == pytest.approx(1)


def test_distance_is_the_mean_over_pairs():
    up, flat = GRID
    real, synthetic = {"a": up, "b": up, "c": flat}, {"a": up, "b": -up, "c": flat}
    assert correlation_distance(real, synthetic) == pytest.approx(2 / 3)
    assert np.isnan(correlation_distance({"a": up}, {"a": up}))


@pytest.mark.parametrize("missing", [0, 0.3])
def test_associations_against_others(missing):
    columns = table(200, 2, missing)
    matrix = association_matrix(columns)
    np.testing.assert_array_equal(matrix, matrix.T)
    size, steps, animal, sign = columns.values()
    correlation = stats.spearmanr(size, steps, nan_policy="omit").statistic
    assert matrix[0, 1] == pytest.approx(correlation)

    both = (sign != "") & (steps == steps)
    groups = [steps[both & (sign == word)] for word in ("plus", "minus")]
    n, h = both.sum(), stats.kruskal(*groups).statistic
    assert matrix[1, 3] == pytest.approx(np.sqrt((h - 1) / (n - 2)))

    both = (sign != "") & (animal != "")
    counts = stats.contingency.crosstab(animal[both], sign[both]).count
    v = stats.contingency.association(counts, "cramer", correction=False)
    n = both.sum()
    corrected = max(0, v**2 - 2 / (n - 1))  # phi² is V² where one side has two words
    assert matrix[2, 3] == pytest.approx(np.sqrt(corrected / (1 - 1 / (n - 1))))


@pytest.mark.parametrize("kind", [float, str])
def test_chance_is_no_association(kind):
    """Many words and few rows are associated by accident, which uncorrected measures overrate.

    Uncorrected, both are about sqrt((20 - 1) / (150 - 1)) = 0.36.
    """
    rng = np.random.default_rng(0)
    found = []
    for _ in range(20):
        words, other = rng.integers(0, 20, (2, 150))
        columns = {"a": words.astype(str), "b": other.astype(kind)}
        found.append(association_matrix(columns)[0, 1])
    assert np.mean(found) < 0.1


def test_what_tells_nothing_is_not_associated():
    columns = {
        "x": np.arange(4.0),
        "constant": np.ones(4),
        "id": np.array(["a", "b", "c", "d"]),
        "other": np.array(["d", "c", "b", "a"]),
        "seldom": np.array(["a", "", "", ""]),
        "missing": np.full(4, np.nan),
    }
    np.testing.assert_array_equal(association_matrix(columns), np.eye(6))
