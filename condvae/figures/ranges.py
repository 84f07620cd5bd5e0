"""Value ranges of pictures and curves."""

import numpy as np

from condvae.checks import InputError


def pixel_range(images: np.ndarray) -> tuple[float, float]:
    """The values drawn black and white: 0 and 1, or the images' extremes if they leave [0, 1].

    Raises:
        InputError: the last axis has neither one channel (grey) nor three (colour).
    """
    if images.shape[-1] not in (1, 3):
        raise InputError(
            "images must have 1 channel (grey) or 3 (red, green, blue) to be drawn",
            f"{images.shape[-1]}",
            "Pick channels before training.",
        )
    low, high = float(np.nanmin(images)), float(np.nanmax(images))
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high if high > low else low + 1


def curve_limits(curves: np.ndarray) -> tuple[float, float]:
    """Limits of the y axis that show the later epochs well; the first may lie outside.

    Args:
        curves: (curves, epochs); non-finite values are ignored.
    """
    curves = np.where(np.isfinite(curves), curves, np.nan)
    num_epochs = curves.shape[1]
    # the first tenth falls steeply and would flatten the rest
    later = curves[:, min(max(1, num_epochs // 10), num_epochs - 1) :]
    if np.isnan(later).all():
        return 0.0, 1.0
    low, high = float(np.nanmin(later)), float(np.nanmax(later))
    span = (high - low) or 1.0
    low = max(float(np.nanmin(curves)), low - span / 2)
    high = min(float(np.nanmax(curves)), high + span / 2)
    return low - 0.05 * span, high + 0.05 * span
