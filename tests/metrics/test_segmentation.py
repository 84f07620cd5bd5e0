import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, jaccard_score

from condvae.checks import InputError
from condvae.metrics.segmentation import intersection_over_union, pixel_accuracy

TRUTH = np.array([[[0, 0, 1], [0, 1, 1]], [[0, 0, 0], [0, 0, 2]]])
PREDICTED = np.array([[[0, 1, 1], [0, 1, 0]], [[0, 0, 0], [0, 2, 2]]])


def test_by_hand():
    assert pixel_accuracy(TRUTH, PREDICTED) == 9 / 12
    scores = intersection_over_union(TRUTH, PREDICTED, 4)
    assert scores.dtype == "float64"
    np.testing.assert_array_equal(scores, [6 / 9, 2 / 4, 1 / 2, np.nan])
    assert np.nanmean(scores) == pytest.approx(5 / 9)


def test_images_are_summed_before_they_are_divided():
    """A small image counts by its pixels: 3/4 of them all, not the mean of 1 and 1/2."""
    truth = np.array([[[1, 1]], [[1, 1]]])
    predicted = np.array([[[1, 1]], [[1, 0]]])
    assert intersection_over_union(truth, predicted, 2).tolist() == [0, 3 / 4]


@given(st.integers(1, 6), st.integers(0, 1000), st.sampled_from(["uint8", "int64", "uint64"]))
def test_against_others(num_classes, seed, dtype):
    rng = np.random.default_rng(seed)
    # some of the last classes may be missing
    truth = rng.integers(0, rng.integers(1, num_classes + 1), (3, 4, 5)).astype(dtype)
    predicted = rng.integers(0, rng.integers(1, num_classes + 1), (3, 4, 5)).astype(dtype)
    scores = intersection_over_union(truth, predicted, num_classes)

    naive = []
    for code in range(num_classes):
        pairs = list(zip((truth == code).flat, (predicted == code).flat, strict=True))
        either = sum(a or b for a, b in pairs)
        naive.append(sum(a and b for a, b in pairs) / either if either else np.nan)
    np.testing.assert_array_equal(scores, naive)

    occur = np.flatnonzero(~np.isnan(scores))
    codes = truth.ravel().astype(int), predicted.ravel().astype(int)
    np.testing.assert_allclose(scores[occur], jaccard_score(*codes, labels=occur, average=None))
    assert pixel_accuracy(truth, predicted) == accuracy_score(*codes)


def test_the_extremes():
    assert pixel_accuracy(TRUTH, TRUTH) == 1
    assert intersection_over_union(TRUTH, TRUTH, 3).tolist() == [1, 1, 1]
    wrong = (TRUTH + 1) % 3
    assert pixel_accuracy(TRUTH, wrong) == 0
    assert intersection_over_union(TRUTH, wrong, 3).tolist() == [0, 0, 0]


def test_masks_are_maps_of_two_classes():
    scores = intersection_over_union(TRUTH > 0, PREDICTED > 0, 2)
    assert scores.tolist() == [6 / 9, 3 / 6]


@pytest.mark.parametrize(
    ("truth", "predicted", "said"),
    [
        (TRUTH[0], PREDICTED[0], "the true maps must have the shape"),
        (TRUTH, PREDICTED[:1], r"the predicted maps must have the shape \(2, 2, 3\)"),
        (TRUTH, PREDICTED * 1.0, "the predicted maps must hold integers.*float64"),
        (TRUTH[:0], PREDICTED[:0], "the maps must have pixels"),
    ],
)
def test_maps_that_do_not_fit_are_refused(truth, predicted, said):
    with pytest.raises(InputError, match=said):
        pixel_accuracy(truth, predicted)
    with pytest.raises(InputError, match=said):
        intersection_over_union(truth, predicted, 3)


@pytest.mark.parametrize(
    ("truth", "predicted", "num_classes", "said"),
    [
        (TRUTH, PREDICTED, 2, r"the true maps must lie in \[0, 1\]; received 2 in row 1"),
        (TRUTH, PREDICTED + 1, 3, r"the predicted maps must lie in \[0, 2\]; received 3 in row 1"),
        (TRUTH - 1, PREDICTED, 3, "the true maps must lie in .* received -1 in row 0"),
        (TRUTH, PREDICTED, 0, "the number of classes"),
    ],
)
def test_codes_that_are_no_class_are_refused(truth, predicted, num_classes, said):
    with pytest.raises(InputError, match=said):
        intersection_over_union(truth, predicted, num_classes)
