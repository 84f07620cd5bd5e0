"""Images by spatial frequency: how much detail of each scale they have."""

from dataclasses import dataclass

import numpy as np

from condvae.blocks import slices
from condvae.checks import InputError, check_finite, check_shape

# share of the power within real images: frequencies above this quantile are fine detail
FINE = 0.1
# relative to the power of real images: float32 rounding, which counts as no power
NOTHING = 1e-12
_BLOCK = 1_000  # images that are filtered at a time
MOST_NUMBERS = 2**22  # pixels and channels whose power is computed at a time


@dataclass(frozen=True)
class FineDetail:
    """Power of generated images in fine detail, relative to that of real ones.

    Attributes:
        share: ratio for the finest rings, which hold a tenth of the real images' power without
            their brightness; 1 for images of the same distribution, 0 for no detail, above 1 for
            noise.
        standard_error: standard error of it, from the variation over the images.
        size: size in pixels, half a period, of the coarsest of this detail; the finest is one
            pixel.
        frequencies: (rings,) middle of each ring except that of the brightness, cycles per pixel.
        shares: (rings,) the ratio for each ring; NaN if real images have no power there.
        standard_errors: (rings,) standard errors of shares.
    """

    share: float
    standard_error: float
    size: float
    frequencies: np.ndarray
    shares: np.ndarray
    standard_errors: np.ndarray


def compare_detail(real: np.ndarray, generated: np.ndarray) -> FineDetail:
    """The share of the fine detail of real images that generated images have.

    Power is the mean square of the coefficients of `transform`, over all channels. Noise that is
    drawn independently for each pixel has power but is not detail: for a model, use expected
    pixels.

    Args:
        real: (N, height, width, channels) numbers.
        generated: (M, height, width, channels), on the same scale.

    Raises:
        InputError: shapes that do not fit, no images, or values that are not finite.

    Source: van der Schaaf & van Hateren 1996, "Modelling the power spectra of natural images", on
    power by radius.
    """
    real = check_images(real, "the real images")
    generated = check_images(generated, "the generated images", real.shape[1:])
    ring = rings(*real.shape[1:3])
    of_real, of_generated = (_ring_power(images, ring) for images in (real, generated))
    power = of_real.mean(axis=0)
    of_real[:, power <= NOTHING * power.sum()] = 0
    # the first ring is the mean of an image, which is not detail
    of_real, of_generated = of_real[:, 1:], of_generated[:, 1:]
    above = of_real.mean(axis=0)[::-1].cumsum()[::-1]
    total = above[0] if len(above) else 0.0
    # if nothing varies there is one ring, and its share is NaN
    first = int(np.flatnonzero(above >= FINE * total)[-1]) if total else 0
    share, error = _ratio(of_generated[:, first:].sum(axis=1), of_real[:, first:].sum(axis=1))
    by_ring = [_ratio(*powers) for powers in zip(of_generated.T, of_real.T, strict=True)]
    longer = max(real.shape[1:3])
    return FineDetail(
        share=share,
        standard_error=error,
        size=longer / (first + 1),
        frequencies=np.arange(1, ring.max() + 1) / (2 * longer),
        shares=np.array([ratio for ratio, _ in by_ring]),
        standard_errors=np.array([error for _, error in by_ring]),
    )


def smooth_alike(
    train: np.ndarray, held_out: np.ndarray, generated: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Filter three sets of images so that real and generated ones have equal power at each scale.

    In each ring and each channel of `transform`, the deviations from the set's mean image are
    reduced on the side with more power: real images lose detail that generated ones lack, and
    generated ones lose noise that real ones lack. Distances to the training images then distinguish
    copies from blurred images, since a blurred image has no more than a held-out image that is
    smoothed equally.

    Args:
        train: (N, height, width, channels) numbers; filtered like the held-out images.
        held_out: (H, height, width, channels), which have the power of the data.
        generated: (M, height, width, channels), on the same scale.

    Returns:
        The three sets, float32.

    Raises:
        InputError: as in `compare_detail`.
    """
    held_out = check_images(held_out, "the held-out images")
    train = check_images(train, "the training images", held_out.shape[1:])
    generated = check_images(generated, "the generated images", held_out.shape[1:])
    ring = rings(*held_out.shape[1:3])
    mean, of_generated = held_out.mean(axis=0), generated.mean(axis=0)
    more, less = (
        _power_of_rings(images - about, ring)
        for images, about in ((held_out, mean), (generated, of_generated))
    )
    least = np.minimum(more, less)
    gain, own = (
        np.sqrt(np.divide(least, power, out=np.ones_like(power), where=power > 0))
        for power in (more, less)
    )
    return (
        _filter(train, mean, gain[ring]),
        _filter(held_out, mean, gain[ring]),
        _filter(generated, of_generated, own[ring]),
    )


def transform(images: np.ndarray) -> np.ndarray:
    """The discrete cosine transform of images along height, width and channels; it is orthonormal.

    Unlike the Fourier transform it has no discontinuity at the borders of an image, which would
    count as detail. For three channels the first coefficient is the brightness, the others are
    opponent colours.

    Args:
        images: (N, height, width, channels).

    Source: Ahmed, Natarajan & Rao 1974, "Discrete cosine transform" (DCT-II, orthonormal).
    """
    return _along_axes(images, [_cosines(size) for size in images.shape[1:]])


def restore(coefficients: np.ndarray) -> np.ndarray:
    """The inverse of `transform`."""
    return _along_axes(coefficients, [_cosines(size).T for size in coefficients.shape[1:]])


def rings(height: int, width: int) -> np.ndarray:
    """(height, width) index of the ring of each coefficient, 0 for the brightness alone.

    Ring k is around the frequency k / (2 * the longer side) cycles per pixel, in any direction.
    """
    longer = max(height, width)
    rows, columns = np.arange(height) * longer / height, np.arange(width) * longer / width
    return np.hypot(rows[:, None], columns).round().astype(int)


def check_images(
    images: np.ndarray, name: str, shape: tuple[int | None, ...] = (None, None, None)
) -> np.ndarray:
    """Return images, (N, height, width, channels), as float32 if they are finite and not empty.

    Args:
        shape: shape of an image.
    """
    images = check_finite(check_shape(np.asarray(images), (None, *shape), name), name)
    if not images.size:
        raise InputError(f"{name} must be one or more", "none", "Add images.")
    return images.astype("float32", copy=False)


def _cosines(size: int) -> np.ndarray:
    """(size, size) orthonormal matrix, with one frequency per row."""
    frequency, place = np.arange(size)[:, None], np.arange(size) + 0.5
    waves = np.cos(np.pi * frequency * place / size) * np.sqrt(2 / size)
    waves[0] /= np.sqrt(2)
    return waves.astype("float32")


def _along_axes(images: np.ndarray, matrices: list[np.ndarray]) -> np.ndarray:
    """Apply each matrix along its axis of the images."""
    rows, columns, channels = matrices
    return np.einsum("ai,nijc,bj,dc->nabd", rows, images, columns, channels, optimize=True)


def _ring_power(images: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """(N, rings) sum of squares of each image, over all channels."""
    powers, place = np.empty((len(images), ring.max() + 1)), ring.ravel()
    for part in slices(len(images), max(1, MOST_NUMBERS // images[0].size)):
        squares = (transform(images[part]).astype("float64") ** 2).sum(axis=-1)
        powers[part] = [np.bincount(place, image.ravel()) for image in squares]
    return powers


def _power_of_rings(images: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """(rings, channels) mean square over the images, summed over each ring."""
    squares = (transform(images).astype("float64") ** 2).mean(axis=0)
    power = np.zeros((ring.max() + 1, images.shape[-1]))
    np.add.at(power, ring, squares)
    return power


def _ratio(above: np.ndarray, below: np.ndarray) -> tuple[float, float]:
    """Ratio of two means of independent numbers, (M,) and (N,), and its standard error."""
    if not below.mean() > 0:
        return float("nan"), float("nan")
    ratio = above.mean() / below.mean()
    if min(len(above), len(below)) < 2:
        return float(ratio), float("nan")
    # to first order in both means
    spread = above.var(ddof=1) / len(above) + ratio**2 * below.var(ddof=1) / len(below)
    return float(ratio), float(np.sqrt(spread) / below.mean())


def _filter(images: np.ndarray, mean: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Multiply deviations from a mean image, in terms of coefficients (height, width, channels)."""
    gain, filtered = gain.astype("float32"), np.empty_like(images)
    for start in range(0, len(images), _BLOCK):
        block = slice(start, start + _BLOCK)
        filtered[block] = mean + restore(transform(images[block] - mean) * gain)
    return filtered
