import numpy as np
import pytest

from condvae.checks import InputError
from condvae.metrics.calibration import Calibration, measure_calibration

HALF = np.log([[0.5, 0.5]])


def test_by_hand():
    """Confidences 0.9, 0.9, 0.6, 0.6, 0.5 in three of ten bins; only one 0.9 and the 0.5 wrong."""
    p = np.array([0.9, 0.9, 0.6, 0.4, 0.5])
    log_probs = np.log(np.stack([p, 1 - p], axis=1))
    calibration = measure_calibration(log_probs, [0, 1, 0, 1, 1], num_bins=10)
    assert calibration.accuracy == 3 / 5
    nll = -np.log([0.9, 0.1, 0.6, 0.6, 0.5]).mean()
    assert calibration.negative_log_likelihood == pytest.approx(nll)
    error = (2 * abs(0.5 - 0.9) + 2 * abs(1 - 0.6) + 1 * abs(0 - 0.5)) / 5
    assert calibration.expected_calibration_error == pytest.approx(error)
    assert calibration.num_rows == 5


def test_certainty():
    log_probs = np.where(np.eye(3), 0, -np.inf)
    assert measure_calibration(log_probs, [0, 1, 2]) == Calibration(1, 0, 0, 3)
    wrong = measure_calibration(log_probs, [0, 2, 1])
    assert wrong == Calibration(1 / 3, np.inf, pytest.approx(2 / 3), 3)


def test_labels_drawn_from_the_probabilities_are_calibrated():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), 50_000)
    codes = (rng.random((50_000, 1)) > p.cumsum(axis=1)).sum(axis=1)
    calibration = measure_calibration(np.log(p).astype("float32"), codes)
    assert calibration.expected_calibration_error < 0.01
    assert calibration.accuracy == pytest.approx(p.max(axis=1).mean(), abs=0.01)
    entropy = -(p * np.log(p)).sum(axis=1).mean()
    assert calibration.negative_log_likelihood == pytest.approx(entropy, abs=0.02)
    # too sure of itself, and as accurate
    sharp = p**3 / (p**3).sum(axis=1, keepdims=True)
    overconfident = measure_calibration(np.log(sharp), codes)
    assert overconfident.accuracy == calibration.accuracy
    gap = sharp.max(axis=1).mean() - calibration.accuracy
    assert overconfident.expected_calibration_error == pytest.approx(gap, abs=0.01)


def test_against_a_loop_over_bins():
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(3), 500)
    codes = rng.integers(0, 3, 500)
    confidence, told = p.max(axis=1), p.argmax(axis=1) == codes
    error = 0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            error += inside.mean() * abs(told[inside].mean() - confidence[inside].mean())
    calibration = measure_calibration(np.log(p), codes)
    assert calibration.expected_calibration_error == pytest.approx(error)


@pytest.mark.parametrize(
    ("log_probs", "codes", "said"),
    [
        (HALF[0], [0], "the log-probabilities must have the shape"),
        (HALF[:0], [], "received no row"),
        (np.exp(HALF), [0], r"sum to one in each row; received a sum of 3.29744 in row 0"),
        (np.concatenate([HALF, HALF * np.nan]), [0, 0], "received a sum of nan in row 1"),
        (HALF, [0, 1], r"the labels must have the shape \(1\)"),
        (HALF, [0.0], "the labels must be codes, integers from 0; received float64"),
        (HALF, [2], r"the labels must lie in \[0, 1\]"),
    ],
)
def test_what_does_not_fit_is_refused(log_probs, codes, said):
    with pytest.raises(InputError, match=said):
        measure_calibration(log_probs, codes)
