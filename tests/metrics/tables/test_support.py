import numpy as np
import pytest
from table_cases import table

from condvae.checks import InputError
from condvae.metrics.tables.support import measure_support


def test_further_real_rows():
    support = measure_support(table(1_500, 0), table(1_500, 1))
    assert support.alpha_precision > 0.96
    assert support.beta_recall == pytest.approx(0.5, abs=0.06)
    assert support.num_rows == 1_500


def test_the_rows_themselves():
    columns = table(300, 0)
    support = measure_support(columns, columns)
    assert support.alpha_precision == pytest.approx(1, abs=0.01)
    assert support.beta_recall == pytest.approx(1, abs=0.01)


def test_one_typical_row_is_neither_faithful_nor_diverse():
    columns = {"x": np.random.default_rng(0).uniform(size=1_000), "y": np.zeros(1_000)}
    middle = {"x": np.full(1_000, np.median(columns["x"])), "y": np.zeros(1_000)}
    support = measure_support(columns, middle)
    assert support.alpha_precision < 0.1  # all lie within each ball
    assert support.beta_recall < 0.1


def test_outliers_are_not_precise():
    real = {"x": np.random.default_rng(0).normal(size=500)}
    support = measure_support(real, {"x": np.full(500, 100.0)})
    assert support.alpha_precision < 0.1


def test_one_row_is_too_few():
    with pytest.raises(InputError, match="at least two rows; received 1"):
        measure_support(table(5, 0), table(1, 1))
