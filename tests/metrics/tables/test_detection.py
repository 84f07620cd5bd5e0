import numpy as np
import pytest
from scipy import stats
from table_cases import table

from condvae.checks import InputError
from condvae.metrics.tables.detection import detection_auc


def test_rows_of_one_distribution_are_not_told_apart():
    auc = detection_auc(table(800, 0, 0.1), table(900, 1, 0.1))
    assert abs(auc.value - 0.5) < 3 * auc.error
    assert 0.01 < auc.error < 0.03


def test_shifted_rows_are_told_as_well_as_can_be():
    """The best AUC of N(0, 1) and N(shift, 1) is Phi(shift / sqrt(2))."""
    rng = np.random.default_rng(0)
    real, other = {"x": rng.normal(size=3_000)}, {"x": rng.normal(1, size=3_000)}
    best = stats.norm.cdf(1 / np.sqrt(2))
    assert best - 0.05 < detection_auc(real, other).value < best + 0.02


@pytest.mark.parametrize("kind", ["words", "holes", "pairs"])
def test_what_gives_rows_away(kind):
    real, other = table(600, 0), table(600, 1)
    if kind == "words":
        other["animal"][other["animal"] == "cat"] = "dog"
    elif kind == "holes":
        other["steps"][::2] = np.nan
    else:
        other["sign"] = np.random.default_rng(0).permutation(other["sign"])
    assert detection_auc(real, other).value > 0.6


def test_it_is_of_the_seed_alone():
    real, other = table(60, 0), table(90, 1)
    assert detection_auc(real, other, seed=1) == detection_auc(real, other, seed=1)
    assert detection_auc(real, other, seed=1) != detection_auc(real, other, seed=2)


def test_too_few_rows_are_refused():
    with pytest.raises(InputError, match="requires at least 10 rows of each; received 9"):
        detection_auc(table(9, 0), table(20, 1))
