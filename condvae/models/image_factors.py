"""A linear model of images: regression on a condition, and principal axes of the residuals."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.extmath import randomized_svd

from condvae.models.resampling import resample, small_size

MOST_CONDITIONS = 1_000  # values in an encoded condition
PENALTIES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)
HELD_OUT = 5  # every fifth image
LEAST_TOLD = 1e-3  # relative to the noise: an axis without information keeps a gradient
LEAST_VARIANCE = 1e-6


@dataclass(frozen=True)
class ImageFactors:
    """Small images are x_mean + y @ by_condition + z @ axes, z ~ N(0, 1), and noise.

    Attributes:
        x_mean: (height, width, channels) of small images, at y = 0.
        by_condition: (condition_dim, height, width, channels); no rows if y is not informative.
        axes: (latent_dim, height, width, channels).
        seen: same shape, the coefficients of the mean of q(z | x, y) on the part of x that y does
            not explain.
        variances: (latent_dim,) of q(z | x, y).
        rest: (M, *image_shape) residuals of images in their original size, given y and z.
    """

    x_mean: np.ndarray
    by_condition: np.ndarray
    axes: np.ndarray
    seen: np.ndarray
    variances: np.ndarray
    rest: np.ndarray


def find_image_factors(
    x: np.ndarray, y: np.ndarray | None, latent_dim: int, noise: float | None
) -> ImageFactors:
    """Find the factors of images; their scale is measured on images not used for the axes.

    Args:
        x: (N, height, width, channels) float32.
        y: (N, condition_dim) encoded; None: no condition, or an image.
        noise: variance of a pixel, in the original size of x, given its mean; None: the residual
            variance.

    Source: Tipping & Bishop 1999 (probabilistic principal components).
    """
    size = small_size(*x.shape[1:3])
    small = resample(x, *size)
    shape, scale = small.shape[1:], x[0].size / small[0].size
    judged = np.arange(len(x)) % HELD_OUT == HELD_OUT - 1
    fitted = ~judged
    if not judged.any():
        fitted = judged = np.ones(len(x), bool)
    flat = small.reshape(len(x), -1)
    x_mean = flat[fitted].mean(axis=0)
    flat = flat - x_mean
    if y is None or y.shape[1] > MOST_CONDITIONS:
        y = np.zeros((len(x), 0), "float32")
    y_mean = y[fitted].mean(axis=0)
    centred = y - y_mean
    by_condition = _regression(flat, centred, fitted, judged)
    told = centred @ by_condition
    flat -= told  # in place, since these are the largest arrays

    axes = _principal_axes(flat[fitted], latent_dim)
    scores = flat[judged] @ axes.T
    expected = (x_mean + told[judged] + scores @ axes).reshape(-1, *shape)
    rest = x[judged] - resample(expected, *x.shape[1:3])
    # a small pixel averages several, and is known with correspondingly higher precision
    variance = (float(np.mean(rest**2)) if noise is None else noise) / scale
    variance = max(variance, LEAST_VARIANCE)
    # the spread along the axes is measured on held-out images; the axes themselves use all images
    excess = np.maximum(np.mean(scores**2, axis=0) - variance, LEAST_TOLD * variance)
    axes = _principal_axes(flat, latent_dim) * np.sqrt(excess)[:, None]
    return ImageFactors(
        x_mean=(x_mean - y_mean @ by_condition).reshape(shape),
        by_condition=by_condition.reshape(-1, *shape),
        axes=axes.reshape(-1, *shape),
        seen=(axes / (excess + variance)[:, None]).reshape(-1, *shape),
        variances=variance / (excess + variance),
        rest=rest,
    )


def _principal_axes(centred: np.ndarray, count: int) -> np.ndarray:
    """(count, dim) axes of length 1, by decreasing variance; zeros where there are fewer."""
    most = max(1, min(count, len(centred) - 1, centred.shape[1]))
    _, _, axes = randomized_svd(centred, most, n_iter=2, random_state=0)
    return np.pad(axes, [(0, count - len(axes)), (0, 0)])


def _regression(x: np.ndarray, y: np.ndarray, fitted: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """(condition_dim, dim) ridge coefficients of x on y; the penalty is the best on held-out rows.

    Args:
        x: (N, dim) and y, (N, condition_dim), both centred.
        fitted, judged: (N,) rows for the coefficients, and rows for choosing the penalty.
    """
    squares, products = y[fitted].T @ y[fitted], y[fitted].T @ x[fitted]
    best, least = np.zeros((y.shape[1], x.shape[1]), "float32"), np.mean(x[judged] ** 2)
    for penalty in PENALTIES if y.shape[1] else ():
        slopes = np.linalg.solve(squares + penalty * np.eye(len(squares)), products)
        error = np.mean((x[judged] - y[judged] @ slopes) ** 2)
        if error < least:
            best, least = slopes.astype("float32"), error
    return best
