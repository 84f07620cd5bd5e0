"""Accuracy of predicted label maps."""

import numpy as np

from condvae.checks import InputError, check_at_least, check_range, check_shape


def pixel_accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Share of the pixels that are predicted correctly.

    Args:
        truth: (N, height, width) class codes.
        predicted: same shape.

    Raises:
        InputError: shapes that differ or have no pixels, or codes that are not integers.
    """
    truth, predicted = _check_maps(truth, predicted)
    return float((truth == predicted).mean())


def intersection_over_union(
    truth: np.ndarray, predicted: np.ndarray, num_classes: int
) -> np.ndarray:
    """Pixels of a class in both maps per pixels of it in either: TP / (TP + FP + FN).

    Intersection and union are summed over all images before they are divided. No pixel is ignored.
    `np.nanmean` of the result is the mean over the classes that occur.

    Args:
        truth: (N, height, width) class codes, 0 to num_classes - 1.
        predicted: same shape.
        num_classes: number of classes.

    Returns:
        (num_classes,) float64 in [0, 1]; NaN for a class that is in neither map.

    Raises:
        InputError: shapes that differ or have no pixels, or invalid codes.

    Source: Everingham et al. 2010, the PASCAL VOC challenge.
    """
    check_at_least(num_classes, 1, "the number of classes")
    truth, predicted = _check_maps(truth, predicted)
    check_range(truth, 0, num_classes - 1, "the true maps")
    check_range(predicted, 0, num_classes - 1, "the predicted maps")
    in_truth, in_predicted, intersection = (
        np.bincount(codes.astype(np.intp, copy=False), minlength=num_classes)
        # three counts instead of a table of all pairs of classes
        for codes in (truth.ravel(), predicted.ravel(), truth[truth == predicted])
    )
    union = in_truth + in_predicted - intersection
    absent = np.full(num_classes, np.nan)
    return np.divide(intersection, union, out=absent, where=union > 0)


def _check_maps(truth: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of integers of the same shape."""
    truth = check_shape(np.asarray(truth), (None, None, None), "the true maps")
    predicted = check_shape(np.asarray(predicted), truth.shape, "the predicted maps")
    for maps, name in ((truth, "true"), (predicted, "predicted")):
        if maps.dtype.kind not in "biu":
            raise InputError(
                f"the {name} maps must hold integers, a class code per pixel",
                f"{maps.dtype}",
                "Use the most likely class of each pixel, as an integer.",
            )
    if not truth.size:
        raise InputError(
            "the maps must have pixels", f"shape {truth.shape}", "Pass at least one map."
        )
    return truth, predicted
