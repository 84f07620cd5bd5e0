"""First weights: Keras's under JAX to the bit, on whatever backend."""

import keras
import numpy as np
import pytest

from condvae.models import initializers
from condvae.models.threefry import random_bits


@pytest.fixture(scope="module", autouse=True)
def few_steps():
    """Compiled as users do, in all tests: bits are compared."""


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="compares with JAX's numbers")
@pytest.mark.parametrize("seed", [0, 7, 2**31 - 1])
@pytest.mark.parametrize("shape", [(794, 512), (512, 2), (1, 1), (3, 3, 5, 16), (4, 7, 3)])
def test_glorot_is_keras_under_jax_to_the_bit(shape, seed):
    expected = np.array(keras.initializers.GlorotUniform(seed)(shape, "float32"))
    found = initializers.GlorotUniform(seed)(shape, "float32")
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_threefry_known_answers():
    """Random123's vectors for 20 rounds: at counters (0, 0) with key (0, 0), the two words' xor."""
    assert random_bits(0, 1)[0] == 0x6B200159 ^ 0x99BA4EFE


def test_numbers_do_not_hang_on_how_many_there_are():
    np.testing.assert_array_equal(random_bits(3, 100)[:7], random_bits(3, 7))


def test_other_precisions_are_left_to_keras():
    found = initializers.GlorotUniform(1)((3, 4), "bfloat16")
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    assert found.shape == (3, 4)
