"""The calibration of class probabilities."""

from dataclasses import dataclass

import numpy as np

from condvae.checks import check_at_least
from condvae.metrics.inputs import check_codes, check_log_probs

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """A classifier's probabilities compared with the labels.

    Attributes:
        accuracy: share of the rows whose most probable class is their label.
        negative_log_likelihood: mean of -log p(label | x), nats; infinite if one of them was 0.
        expected_calibration_error: mean over the rows of |accuracy - mean confidence| of their bin,
            from 0 (a class predicted with 80 % is right in 80 % of the cases) to 1.
        num_rows: number of rows.
    """

    accuracy: float
    negative_log_likelihood: float
    expected_calibration_error: float
    num_rows: int


def measure_calibration(
    log_probs: np.ndarray, codes: np.ndarray, num_bins: int = BINS
) -> Calibration:
    """Accuracy, negative log-likelihood and expected calibration error.

    Confidence is the probability of the most probable class; its bins have equal widths and include
    their upper ends, and empty bins do not count.

    Args:
        log_probs: (N, num_classes) log p(class | x), nats.
        codes: (N,) labels, 0 to num_classes - 1.
        num_bins: number of bins of confidence.

    Raises:
        InputError: shapes that do not fit, no rows, probabilities that do not sum to one, or
            invalid codes.

    Source: Guo et al. 2017, "On calibration of modern neural networks", section 2, 15 bins.
    """
    log_probs = check_log_probs(log_probs, "the log-probabilities")
    codes = check_codes(codes, *log_probs.shape)
    check_at_least(num_bins, 1, "the number of bins")
    told = log_probs.argmax(axis=1) == codes
    confidence = np.exp(log_probs.max(axis=1).astype("float64"))
    # bins include their upper ends: a confidence of 1 belongs to the last bin
    bins = np.clip(np.ceil(confidence * num_bins).astype(int) - 1, 0, num_bins - 1)
    gaps = np.bincount(bins, told - confidence)  # of each bin, times its number of rows
    return Calibration(
        accuracy=float(told.mean()),
        negative_log_likelihood=-float(log_probs[np.arange(len(codes)), codes].mean()),
        expected_calibration_error=float(abs(gaps).sum() / len(codes)),
        num_rows=len(codes),
    )
