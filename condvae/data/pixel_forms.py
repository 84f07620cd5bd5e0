"""Numbers that are pixels but do not run from 0 to 1: detection and conversion."""

import logging

import numpy as np

from condvae.checks import InputError
from condvae.data.mapped import blocks, by_rows
from condvae.spec import DataSpec

AS_THEY_ARE, BYTES, AROUND_ZERO = (0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)
# how close to both ends of a range the numbers must come to count as its pixels
NEAR_WHITE, NEAR_ONE = 250, 0.98
HALF_WHITE = 127
_log = logging.getLogger(__name__)


def as_pixels(x: np.ndarray, spec: DataSpec, name: str) -> tuple[np.ndarray, DataSpec]:
    """Images with numbers from 0 to 1, or to 255 as uint8, and the spec with their original range.

    Without `spec.x_range`, the numbers decide, if hardly anything but pixels has them.

    Args:
        x: as returned by `checked_images`.
        name: name of the images in notices and errors.

    Raises:
        InputError: a number outside the stated range.
    """
    spec = spec if spec.x_range is not None else _with_range(x, spec, name)
    if spec.x_range in (None, AS_THEY_ARE):
        return x, spec
    low, high = spec.x_range
    if x.min() < low or x.max() > high:
        raise InputError(
            f"{name} must lie in [{low:g}, {high:g}], as `x_range` says",
            f"numbers from {x.min():g} to {x.max():g}",
            "Set a wider range, or leave it out.",
        )
    if spec.x_range == BYTES and (x.dtype == np.uint8 or _are_whole(x)):
        return by_rows(x, lambda rows: rows.astype(np.uint8, copy=False)), spec

    def scale(rows: np.ndarray) -> np.ndarray:
        scaled = rows.astype(np.float32)
        scaled -= np.float32(low)
        scaled /= np.float32(high - low)
        return scaled

    return by_rows(x, scale), spec


def _are_whole(x: np.ndarray) -> bool:
    """Whether all numbers are whole."""
    return all((block == np.rint(block)).all() for block in blocks(x))


def _with_range(x: np.ndarray, spec: DataSpec, name: str) -> DataSpec:
    """The spec with the detected range of floats; other possible readings are reported."""
    if x.dtype == np.uint8:
        return spec
    low, high = float(x.min()), float(x.max())
    numbers = f"{name}: floats from {low:g} to {high:g}"
    found = None
    if low >= 0 and HALF_WHITE < high <= BYTES[1]:
        if high >= NEAR_WHITE and _are_whole(x):
            found = BYTES
        else:
            _log.warning("%s are taken as they are; --x-range 0,255 takes them as pixels", numbers)
    elif -1 <= low < 0 < high <= 1:
        if low <= -NEAR_ONE and high >= NEAR_ONE:
            found = AROUND_ZERO
        else:
            _log.warning("%s are taken as they are; --x-range=-1,1 takes them as pixels", numbers)
    if found is None:
        return spec
    _log.warning(
        "%s are taken as pixels, %g black and %g white; --x-range 0,1 keeps them as they are",
        numbers,
        *found,
    )
    return spec.model_copy(update={"x_range": found})
