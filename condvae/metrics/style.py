"""The style of handwritten digits: thickness, slant, length, width, height and area of strokes.

Source: Castro et al. 2019, Morpho-MNIST (arXiv:1809.10780), and its code `morphomnist/measure.py`.
For uint8, that code also rounds the enlarged image down (here it stays float): differences are up
to 0.1 pixels.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np

from condvae.checks import InputError, check_range, check_shape

SCALE = 4  # factor by which the images are enlarged
BLUR = 2 * SCALE / 6  # standard deviation in enlarged pixels, as in skimage's pyramid_expand
THRESHOLD = 0.5  # between the smallest and the largest value of an image
MARGIN = 0.02  # share of the mass outside of width and height, half on each side

NAMES = ("thickness", "slant", "length", "width", "height", "area")
BATCH = 256  # images that are enlarged at a time


def slant(images: np.ndarray) -> np.ndarray:
    """The slant of strokes: arctan(-u11 / u02), from central moments of the enlarged image.

    Args:
        images: (N, height, width) or (N, height, width, 1), uint8 or floats in [0, 1], white
            on black.

    Returns:
        (N,) float64 radians, positive to the right; NaN for an all-black image.

    Raises:
        InputError: another shape or type of numbers.

    Source: Castro et al. 2019, section 3.2.
    """
    images = _check_images(images)
    slants = np.full(len(images), np.nan)
    for rows, sharp in _enlarge(images):
        slants[rows] = np.arctan(-_find_shear(sharp)[0])
    return slants


def measure_style(images: np.ndarray) -> dict[str, np.ndarray]:
    """All measures of every image, in pixels of the original images.

    An image is enlarged 4 times, and pixels brighter than the middle between its extremes are
    strokes. Beyond the border all is black.

    Args:
        images: (N, height, width) or (N, height, width, 1), uint8 or floats in [0, 1], white
            on black.

    Returns:
        Measures, each (N,) float64, NaN for an all-black image:

        - thickness: pixels, twice the mean distance from the medial axis to the background. -
        slant: radians, see `slant`. - length: pixels, of the medial axis. - width: pixels, between
        two lines with that slant that exclude 2 % of the mass. - height: pixels, between two
        horizontal lines that exclude 2 % of the mass. - area: square pixels of strokes.

    Raises:
        InputError: another shape or type of numbers.

    Source: Castro et al. 2019, section 3.2.
    """
    from scipy.ndimage import gaussian_filter

    images = _check_images(images)
    style = {name: np.full(len(images), np.nan) for name in NAMES}
    for rows, sharp in _enlarge(images):
        fine = gaussian_filter(sharp, BLUR, axes=(1, 2))
        low, high = (extreme(fine, axis=(1, 2), keepdims=True) for extreme in (np.min, np.max))
        # relative to the image's own extremes, since a blurred sample has no full white
        strokes = fine >= low + THRESHOLD * (high - low)
        shear, middle = _find_shear(sharp)
        style["slant"][rows] = np.arctan(-shear)
        style["thickness"][rows], style["length"][rows] = _measure_skeletons(strokes)
        style["width"][rows], style["height"][rows] = _measure_extents(fine, shear, middle)
        style["area"][rows] = strokes.sum(axis=(1, 2)) / SCALE**2
    return style


def _check_images(images: np.ndarray) -> np.ndarray:
    """The images without an axis for channels."""
    images = np.asarray(images)
    images = images[..., 0] if images.ndim == 4 and images.shape[3] == 1 else images
    check_shape(images, (None, None, None), "the images")
    if images.dtype != "uint8" and images.dtype.kind != "f":
        raise InputError(
            "the images must be uint8, or floats in [0, 1]", f"{images.dtype}", "Convert them."
        )
    return images if images.dtype == "uint8" else check_range(images, 0, 1, "the images")


def _enlarge(images: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Indices and images that are not all black, in [0, 1], 4 times as large, not yet blurred.

    The enlargement is by cubic splines in both directions, each a matrix that all images share.
    """
    vertical, horizontal = (_spline(size) for size in images.shape[1:])
    # an all-black image has no moments
    lit = np.flatnonzero(images.any(axis=(1, 2)))
    for start in range(0, len(lit), BATCH):
        rows = lit[start : start + BATCH]
        batch = images[rows] / 255 if images.dtype == "uint8" else images[rows].astype("float64")
        low, high = (extreme(batch, axis=(1, 2), keepdims=True) for extreme in (np.min, np.max))
        yield rows, np.clip(vertical @ batch @ horizontal.T, low, high)  # splines overshoot


@cache
def _spline(size: int) -> np.ndarray:
    """(4 size, size) matrix that enlarges a row of pixels."""
    from scipy.ndimage import zoom

    return zoom(np.eye(size), (SCALE, 1), order=3, mode="mirror", grid_mode=True)


def _find_shear(sharp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """u11 / u02 and the mean row of the blurred images, (N,) each, from the unblurred images."""
    from scipy.ndimage import gaussian_filter1d

    # The blur is a symmetric matrix, so it can be applied to the powers of positions instead
    y, x = (
        gaussian_filter1d(np.arange(size) ** np.arange(3.0)[:, None], BLUR)
        for size in sharp.shape[1:]
    )
    moments = np.moveaxis(y @ sharp @ x.T, 0, -1)
    (_, mean_x, _), (mean_y, m11, _), (m02, *_) = moments / moments[0, 0]
    return (m11 - mean_x * mean_y) / (m02 - mean_y**2), mean_y


def _measure_skeletons(strokes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Thickness and length, (N,) pixels, of (N, height, width) bool enlarged strokes."""
    from skimage.morphology import medial_axis

    strokes = np.pad(strokes, ((0, 0), (1, 1), (1, 1)))  # background between the images
    # All in one tall image, since a call of medial_axis has an overhead of 20 ms
    strip = strokes.reshape(-1, strokes.shape[2])
    ties = _Ties(strokes)
    axis, distance = (
        part.reshape(strokes.shape) for part in medial_axis(strip, return_distance=True, rng=ties)
    )
    thickness = 2 * distance.sum(axis=(1, 2), where=axis) / axis.sum(axis=(1, 2))
    # neighbours on the axis are 1 or the square root of 2 apart
    straight, diagonal = (
        sum((one & other).sum(axis=(1, 2)) for one, other in pairs)
        for pairs in (
            ((axis[:, 1:], axis[:, :-1]), (axis[:, :, 1:], axis[:, :, :-1])),
            ((axis[:, 1:, 1:], axis[:, :-1, :-1]), (axis[:, 1:, :-1], axis[:, :-1, 1:])),
        )
    )
    return thickness / SCALE, (straight + np.sqrt(2) * diagonal) / SCALE


class _Ties(np.random.Generator):
    """Breaks ties in medial_axis by the position in an image, independently of other images."""

    def __init__(self, strokes: np.ndarray):
        super().__init__(np.random.PCG64(0))
        # the same order for all images, so that equal images have equal axes
        order = super().permutation(strokes[0].size).reshape(strokes[0].shape)
        self._order = np.broadcast_to(order, strokes.shape)[strokes]

    def permutation(self, x: np.ndarray, axis: int = 0) -> np.ndarray:
        return self._order


def _measure_extents(
    fine: np.ndarray, shear: np.ndarray, middle: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Width and height, (N,) pixels, of (N, height, width) enlarged images."""
    num, height, width = fine.shape
    lean = shear[:, None] * (np.arange(height) - middle[:, None])
    column = np.floor(np.arange(width) + 0.5 - lean[:, :, None]).astype(int)
    # one histogram for all images: each has width + 1 bins, the first for positions below 0
    bins = np.clip(column, -1, width - 1) + 1 + (width + 1) * np.arange(num)[:, None, None]
    masses = np.bincount(bins.ravel(), fine.ravel(), num * (width + 1)).reshape(num, -1)
    return _span(masses), _span(np.pad(fine.sum(axis=2), ((0, 0), (1, 0))))


def _span(masses: np.ndarray) -> np.ndarray:
    """(N,) pixels that hold all but MARGIN of (N, size) masses; the k-th one ends at position k."""
    shares = np.cumsum(masses / masses.sum(axis=1, keepdims=True), axis=1)
    ends = (np.interp([MARGIN / 2, 1 - MARGIN / 2], s, np.arange(len(s))) for s in shares)
    return np.array([right - left for left, right in ends]) / SCALE
