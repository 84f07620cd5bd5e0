import numpy as np
import pytest
from scipy import stats

from condvae.checks import InputError
from condvae.metrics.memorisation import compare_with_training

RNG = np.random.default_rng(0)
TRAIN, HELD_OUT, FRESH = RNG.normal(size=(3, 500, 20))


def test_a_copied_training_set_is_found():
    order = np.random.default_rng(1).permutation(500)
    found = compare_with_training(TRAIN, HELD_OUT, TRAIN[order], num_pairs=3)
    assert (found.farther, found.closer_share, found.quantile) == (0, 1, 0.01)
    # U = 0 of two sets of 500
    assert found.z_score == pytest.approx(-np.sqrt(3 * 500 * 500 / 1001))
    assert found.distances.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(order[found.pairs[:, 0]], found.pairs[:, 1])


def test_fresh_data_are_no_copies():
    found = compare_with_training(TRAIN, HELD_OUT, FRESH, quantile=0.1)
    assert abs(found.z_score) < 3
    assert found.farther == pytest.approx(0.5, abs=0.06)
    assert found.closer_share == pytest.approx(0.1, abs=0.05)


def test_a_few_copies_show_in_the_share_and_the_pairs():
    """One in twenty moves the mean rank little; its share of near rows is five times too large."""
    mixed = FRESH.copy()
    mixed[::20] = TRAIN[:25] + 1e-3
    found = compare_with_training(TRAIN, HELD_OUT, mixed, num_pairs=25)
    assert abs(found.z_score) < 3
    assert found.closer_share == pytest.approx(0.05 + 0.01, abs=0.015)
    assert set(map(tuple, found.pairs)) == {(20 * row, row) for row in range(25)}
    np.testing.assert_allclose(found.distances, 1e-3 * np.sqrt(20))


def test_rows_unlike_the_data_are_farther():
    found = compare_with_training(TRAIN, HELD_OUT, FRESH + 3)
    assert found.z_score > 5
    assert found.farther > 0.95
    assert found.closer_share == 0


def test_against_another_test():
    found = compare_with_training(TRAIN[:50], HELD_OUT[:30], FRESH[:40] * 1.1, num_pairs=40)
    distances, others = (
        np.linalg.norm(rows[:, None] - TRAIN[:50], axis=2)
        for rows in (FRESH[:40] * 1.1, HELD_OUT[:30])
    )
    test = stats.mannwhitneyu(
        distances.min(axis=1), others.min(axis=1), method="asymptotic", use_continuity=False
    )
    assert found.farther == pytest.approx(test.statistic / (40 * 30))
    assert 2 * stats.norm.sf(abs(found.z_score)) == pytest.approx(test.pvalue)
    order = distances.min(axis=1).argsort()
    np.testing.assert_array_equal(found.pairs[:, 0], order)
    np.testing.assert_array_equal(found.pairs[:, 1], distances.argmin(axis=1)[order])
    np.testing.assert_allclose(found.distances, np.sort(distances.min(axis=1)))


def test_images_and_ties():
    """Pixels are numbers of 0 to 255 that must not wrap; where all tie nothing is farther."""
    black, white = np.zeros((6, 4, 4, 1), "uint8"), np.full((5, 4, 4, 1), 255, "uint8")
    found = compare_with_training(black, white, white[:2])
    assert (found.farther, found.z_score, found.closer_share) == (0.5, 0, 0)
    assert found.distances.tolist() == [4 * 255, 4 * 255]


@pytest.mark.parametrize(
    ("parts", "options", "said"),
    [
        ((TRAIN, HELD_OUT[:, :3], FRESH), {}, r"the held-out rows must have the shape \(N, 20\)"),
        ((TRAIN, HELD_OUT, FRESH[:0]), {}, "the generated rows must have 1 or more rows"),
        ((TRAIN * np.nan, HELD_OUT, FRESH), {}, "the training rows must hold finite"),
        ((TRAIN, HELD_OUT, FRESH), {"quantile": 1.5}, "the quantile"),
        ((TRAIN, HELD_OUT, FRESH), {"num_pairs": -1}, "the number of pairs"),
    ],
)
def test_what_does_not_fit_is_refused(parts, options, said):
    with pytest.raises(InputError, match=said):
        compare_with_training(*parts, **options)
