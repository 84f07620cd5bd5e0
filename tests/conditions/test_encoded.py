"""Rows that become an array where they are asked for."""

import numpy as np
import pytest

from condvae.conditions.encoded import EncodedRows

PLACES = np.array([[0, 4], [1, -1], [2, 3]], np.int8)
NUMBERS = np.float32([[0.5], [0], [-1]])
DENSE = np.float32([[1, 0, 0, 0, 1, 0.5], [0, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, -1]])


@pytest.mark.parametrize(
    "rows",
    [slice(1, 3), np.array([2, 0, 2]), 1, (slice(None), 5), (slice(2), slice(1, 3))],
    ids=str,
)
def test_an_index_gives_what_it_gives_of_the_array(rows):
    x = EncodedRows(PLACES, NUMBERS, 5)
    assert (x.shape, len(x), x.size, x.dtype, x.ndim) == ((3, 6), 3, 18, DENSE.dtype, 2)
    np.testing.assert_array_equal(np.asarray(x[rows]), DENSE[rows])
    assert np.asarray(x[rows]).dtype == "float32"


def test_the_mean_is_that_of_the_array():
    mean = EncodedRows(PLACES, NUMBERS, 5).mean(axis=0, dtype="float64")
    np.testing.assert_array_equal(mean, DENSE.mean(axis=0, dtype="float64"))
