import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from condvae.checks import InputError
from condvae.metrics.frechet import frechet_distance, frechet_distance_by_class


def sample_exactly(mean, covariance, num_rows, seed):
    """Rows whose mean and covariance are those, not about those."""
    rows = np.random.default_rng(seed).normal(size=(num_rows, len(mean)))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows.T))).T
    return mean + rows @ np.linalg.cholesky(covariance).T


def test_normals_of_known_distance():
    """Covariances that commute: sum of the squares of the differences of the deviations."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    deviations = np.array([[1, 2, 3], [2, 2, 0.5]])
    covariances = [turn @ np.diag(d**2) @ turn.T for d in deviations]
    real = sample_exactly([0, 1, 2], covariances[0], 20, seed=1)
    generated = sample_exactly([3, 1, -2], covariances[1], 30, seed=2)
    assert frechet_distance(real, generated) == pytest.approx(25 + 1 + 0 + 6.25)


@given(st.integers(0, 1000), st.integers(2, 6))
def test_against_the_root_of_a_matrix(seed, dim):
    rng = np.random.default_rng(seed)
    real = rng.normal(size=(20, dim)) @ rng.normal(size=(dim, dim))
    generated = rng.normal(1, 2, size=(15, dim))
    first, second = np.cov(real.T), np.cov(generated.T)
    expected = ((real.mean(axis=0) - generated.mean(axis=0)) ** 2).sum()
    expected += np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert frechet_distance(real, generated) == pytest.approx(expected)
    assert frechet_distance(generated, real) == pytest.approx(expected)


def test_singular_covariances():
    """Fewer rows than features, and a feature that is 0: both sets in one plane."""
    rng = np.random.default_rng(0)
    plane = np.linalg.qr(rng.normal(size=(200, 2)))[0].T
    real, generated = (
        sample_exactly([m, 0], np.diag([4, s**2]), 30, seed=m) @ plane for m, s in ((0, 1), (5, 3))
    )
    assert frechet_distance(real, generated) == pytest.approx(25 + 4)
    assert frechet_distance(real, real[::-1]) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(real, real + 1e-4 * plane[0]) == pytest.approx(1e-8, rel=1e-3)


def test_two_samples_of_one_distribution_approach_each_other():
    rng = np.random.default_rng(0)
    few, many = (frechet_distance(*rng.normal(size=(2, n, 8))) for n in (100, 10_000))
    assert 0 < many < few / 50


def test_each_class_is_measured_alone():
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(2, 60, 3)).astype("float32")
    labels = np.array(["ant", "bee"])[rng.integers(0, 2, (2, 60))]
    distances = frechet_distance_by_class(real, labels[0], generated, labels[1])
    assert distances == {
        label: frechet_distance(real[labels[0] == label], generated[labels[1] == label])
        for label in ("ant", "bee")
    }
    swapped = np.where(labels[0] == "ant", "bee", "ant")
    moved = real + 10 * (labels[0] == "bee")[:, None]
    right = frechet_distance_by_class(moved, labels[0], moved, labels[0])
    wrong = frechet_distance_by_class(moved, labels[0], moved, swapped)
    assert right == pytest.approx({"ant": 0, "bee": 0}, abs=1e-9)
    assert min(wrong.values()) > 200
    assert frechet_distance(moved, moved[::-1]) < 1e-9  # all rows together show nothing


ROWS = np.random.default_rng(0).normal(size=(10, 2))


@pytest.mark.parametrize(
    ("real", "generated", "said"),
    [
        (ROWS[0], ROWS, "the real rows must have the shape"),
        (ROWS, ROWS[:, :1], r"the generated rows must have the shape \(N, 2\)"),
        (ROWS[:1], ROWS, "the real rows must have 2 or more rows; received 1"),
        (ROWS, ROWS * np.inf, "the generated rows must hold finite"),
    ],
)
def test_what_does_not_fit_is_refused(real, generated, said):
    with pytest.raises(InputError, match=said):
        frechet_distance(real, generated)


def test_labels_that_do_not_fit_are_refused():
    labels = np.repeat([3, 7], 5)
    with pytest.raises(InputError, match=r"the generated labels must have the shape \(10\)"):
        frechet_distance_by_class(ROWS, labels, ROWS, labels[1:])
    with pytest.raises(InputError, match="the generated rows of 7 must have 2 or more"):
        frechet_distance_by_class(ROWS, labels, ROWS, np.full(10, 3))
