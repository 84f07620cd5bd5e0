import numpy as np
import pytest

from condvae.data import Dataset


@pytest.fixture(scope="module", autouse=True)
def few_steps(compiled_quickly):
    """All of these trainings are short."""


@pytest.fixture(scope="session")
def small() -> Dataset:
    """203 grey images of 4 × 3 pixels in three classes, each with a pattern of its own."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 203)
    patterns = rng.random((3, 4, 3))
    x = np.clip(patterns[y] * 200 + rng.normal(0, 20, (203, 4, 3)), 0, 255).astype("uint8")
    return Dataset.from_arrays(x, np.array(["ant", "bee", "cat"])[y], name="animals")
