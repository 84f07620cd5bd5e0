import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from condvae.checks import InputError
from condvae.metrics import coverage
from condvae.metrics.coverage import (
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
)


def expected_coverage(num_real: int, num_generated: int, k: int = 5) -> float:
    """The coverage of rows of one continuous distribution, whichever: what can be reached.

    1 - (N - 1) ... (N - k) / ((M + N - 1) ... (M + N - k)), N real and M generated rows.

    Source: Naeem et al. 2020, section 3.
    """
    places = np.arange(1, k + 1)
    return float(1 - np.prod((num_real - places) / (num_real + num_generated - places)))


def test_by_hand():
    real = np.array([[0.0], [1], [2], [6]])
    generated = np.array([[-2.0], [1.5]])
    # the balls of 0, 1, 2 and 6 reach 1, 1, 1 and 4; those of -2 and 1.5 reach 3.5
    assert precision_recall(real, generated, k=1) == PrecisionRecall(precision=0.5, recall=3 / 4)
    # 1.5 lies in the balls of 1 and 2; -2 in none
    assert density_coverage(real, generated, k=1) == DensityCoverage(density=1, coverage=0.5)


@given(st.integers(0, 1000), st.integers(1, 3), st.sampled_from([2, 20]))
def test_against_the_definitions(seed, k, dim):
    """Direct distances, a pair at a time; 20 dimensions are searched without a tree."""
    rng = np.random.default_rng(seed)
    real = rng.normal(100, 1, size=(rng.integers(k + 1, 20), dim))
    generated = rng.normal(100.5, 1, size=(rng.integers(k + 1, 20), dim))
    balls = {}
    for name, rows in (("real", real), ("generated", generated)):
        balls[name] = np.sort(cdist(rows, rows), axis=1)[:, k]  # column 0 is the row itself
    in_real = cdist(generated, real) <= balls["real"]
    in_generated = cdist(real, generated) <= balls["generated"]
    assert precision_recall(real, generated, k) == PrecisionRecall(
        in_real.any(axis=1).mean(), in_generated.any(axis=1).mean()
    )
    scores = density_coverage(real, generated, k)
    assert scores.density == pytest.approx(in_real.sum() / (k * len(generated)))
    assert scores.coverage == in_real.any(axis=0).mean()


def test_one_distribution_has_its_expectation():
    """Density 1 and coverage 1 - (N - 1) ... / (M + N - 1) ..., on average over many sets."""
    rng = np.random.default_rng(0)
    num_real, num_generated, k = 40, 60, 3
    scores = [
        density_coverage(rng.normal(size=(num_real, 2)), rng.normal(size=(num_generated, 2)), k)
        for _ in range(150)
    ]
    for name, expected in (
        ("density", 1),
        ("coverage", expected_coverage(num_real, num_generated, k)),
    ):
        values = np.array([getattr(score, name) for score in scores])
        error = 4 * values.std() / np.sqrt(len(values))
        assert abs(values.mean() - expected) < error


def test_the_known_coverage():
    assert expected_coverage(10**6, 10**6) == pytest.approx(1 - 1 / 2**5, abs=1e-6)
    assert expected_coverage(1, 9, 1) == 1


@pytest.mark.parametrize("dim", [3, 64])
def test_copies(dim):
    """Each ball contains its own copy and its k nearest neighbours, including the border."""
    real = np.random.default_rng(0).normal(1000, 1, size=(50, dim))
    assert precision_recall(real, real) == PrecisionRecall(1, 1)
    scores = density_coverage(real, real[::-1])
    assert (scores.density, scores.coverage) == (pytest.approx(6 / 5), 1)


@pytest.mark.parametrize("dim", [3, 64])
def test_balls_without_extent_hold_their_like(dim):
    rows = np.repeat(np.random.default_rng(0).normal(3, 1, size=(5, dim)), 6, axis=0)
    assert precision_recall(rows, rows[::6].repeat(4, axis=0)) == PrecisionRecall(1, 1)
    assert density_coverage(rows, rows[::6]).coverage == 1


def test_sets_apart_and_modes_dropped():
    rng = np.random.default_rng(0)
    left, right = rng.normal([[[0, 0]], [[50, 0]]], 1, size=(2, 200, 2))
    assert precision_recall(left, right) == PrecisionRecall(0, 0)
    assert density_coverage(left, right) == DensityCoverage(0, 0)
    both, one = np.concatenate([left, right]), rng.normal(size=(400, 2))
    scores = precision_recall(both, one)
    assert scores.precision > 0.9
    assert scores.recall == pytest.approx(0.5, abs=0.05)
    assert density_coverage(both, one).coverage == pytest.approx(0.5, abs=0.02)


def test_an_outlier_does_not_cover_the_rest():
    """Generated balls as large hold all real rows, which recall rewards and coverage does not."""
    real = np.random.default_rng(0).normal(size=(100, 2))
    generated = np.array([[30, 0], [-30, 0], [0, 30], [0, -30]])
    assert precision_recall(real, generated).recall == 1
    assert density_coverage(real, generated).coverage == 0


def test_blocks_change_nothing(monkeypatch):
    real, generated = np.random.default_rng(0).normal(size=(2, 300, 20))
    whole = precision_recall(real, generated), density_coverage(real, generated)
    monkeypatch.setattr(coverage, "WORKING_MEMORY", 0.01)  # 4 rows of 300 distances
    assert whole == (precision_recall(real, generated), density_coverage(real, generated))


ROWS = np.random.default_rng(0).normal(size=(10, 2))


@pytest.mark.parametrize(
    ("real", "generated", "k", "said"),
    [
        (ROWS[0], ROWS, 3, "the real rows must have the shape"),
        (ROWS, ROWS[:, :1], 3, r"the generated rows must have the shape \(N, 2\)"),
        (ROWS, ROWS * np.nan, 3, "the generated rows must hold finite"),
        (ROWS[:3], ROWS, 3, "the real rows must have 4 or more rows; received 3"),
        (ROWS, ROWS[:0], 3, "the generated rows must have . or more rows; received 0"),
        (ROWS, ROWS, 0, "k must be"),
    ],
)
@pytest.mark.parametrize("measure", [precision_recall, density_coverage])
def test_what_does_not_fit_is_refused(measure, real, generated, k, said):
    with pytest.raises(InputError, match=said):
        measure(real, generated, k)
