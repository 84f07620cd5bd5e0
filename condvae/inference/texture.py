"""Texture: noise of the pixels of photographs, which depends on that of their neighbours.

The noise that gives the training images under the likelihood has one spectrum, with all colours,
and an energy that differs between the places of an image. Its logarithm is a regression on z and
the class, and a normal rest: a Gaussian scale mixture.

Source: Wainwright & Simoncelli 2000, "Scale mixtures of Gaussians and the statistics of natural
images".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from condvae.blocks import slices
from condvae.inference.chance import Chance

MOST_PLACES, LEAST_SIDE = 8, 4  # along an axis; pixels of a place
PENALTY = 300.0  # on squared weights of the regression, whose inputs have variances of about 1
CALIBRATION = 1_000  # images of equal energy, which show the error of an image's energies
MOST_NUMBERS = 2**22  # pixels and channels at a time
CLOSEST = 1e-5  # of a quantile to 0 and 1


@dataclass(frozen=True)
class Texture:
    """The noise of training images.

    Attributes:
        filters: (height, width, channels, channels) complex: in the frequency domain, from white
            noise to noise with the spectrum of the pixels.
        weights: (1 + inputs, places) from a one and the inputs to log energies.
        root: (places, places) root of the covariance of what the inputs leave open.
    """

    filters: np.ndarray
    weights: np.ndarray
    root: np.ndarray

    @classmethod
    def fit(cls, noise: Iterator[np.ndarray], inputs: np.ndarray) -> Self:
        """Fit it to the noise of images.

        Args:
            noise: (n, height, width, channels) standard normal values, block by block.
            inputs: (N, inputs) what is known of each image.
        """
        spectrum, energies = np.zeros((1, 1, 1, 1)), []
        for part in noise:
            energies.append(log_energies(part))
            sizes = part.std(axis=(1, 2, 3), keepdims=True) + 1e-6
            spectrum = spectrum + _spectrum(part / sizes)
        found, shape = np.concatenate(energies), spectrum.shape[:3]
        spectrum = spectrum / (len(found) * shape[0] * shape[1])
        filters = np.linalg.cholesky(spectrum + 1e-6 * np.eye(shape[2])).astype("complex64")
        even = Chance(0)  # images of equal energy everywhere
        sizes = [part.stop - part.start for part in slices(CALIBRATION, _rows_of(shape))]
        white = (even.pixels(size, *shape, kind="normal") for size in sizes)
        alike = np.concatenate([log_energies(_filtered(part, filters)) for part in white])
        known, found = _with_one(inputs), found - alike.mean(axis=0)
        penalty = PENALTY * np.eye(known.shape[1])
        penalty[0, 0] = 0
        weights = np.linalg.solve(known.T @ known + penalty, known.T @ found)
        rest = found - known @ weights
        # energies of few pixels vary by chance, and will again when noise is drawn
        values, axes = np.linalg.eigh(_covariance(rest) - _covariance(alike))
        root = axes * np.sqrt(np.maximum(values, 0))
        return cls(filters, weights.astype("float32"), root.astype("float32"))

    def expected(self, inputs: np.ndarray) -> np.ndarray:
        """Log energies, (N, places), that the inputs (N, inputs) let expect."""
        return _with_one(inputs) @ self.weights

    def noise(self, white: np.ndarray, energies: np.ndarray) -> np.ndarray:
        """White noise (N, height, width, channels), given the spectrum, with these log energies."""
        height, width = (_tents(size) for size in white.shape[1:3])
        maps = energies.reshape(-1, height.shape[1], width.shape[1])
        logs = np.einsum("ai,nij,bj->nab", height, maps, width, optimize=True)
        return _filtered(white, self.filters) * np.exp(logs / 2)[..., None]


class Textured(Chance):
    """Random numbers of one seed, in which the noise of neighbouring pixels is dependent.

    The noise of one pixel alone is about uniform. Tell it the inputs of a `Texture` before the
    noise of their images is drawn.
    """

    def __init__(self, seed: int, temperature: float, texture: Texture):
        super().__init__(seed, temperature)
        self._texture, self._expected = texture, np.empty((0, 0))

    def follow(self, inputs: np.ndarray) -> None:
        """The images that are drawn next have these inputs (N, inputs)."""
        self._expected = self._texture.expected(inputs)

    def pixels(self, *shape: int, kind: str = "uniform") -> np.ndarray:
        """Noise of images, see `Chance.pixels`."""
        from scipy.special import ndtr  # 0.1 s, which other draws need not wait for

        root, expected = self._texture.root, self._expected
        uniform = np.empty(shape, "float32")
        for part in slices(shape[0], _rows_of(shape[1:])):
            white = super().pixels(part.stop - part.start, *shape[1:], kind="normal")
            rest = super().pixels(len(white), len(root), kind="normal") @ root.T
            uniform[part] = ndtr(self._texture.noise(white, expected[part] + rest))
        return uniform


def quantiles(uniform: np.ndarray) -> np.ndarray:
    """Standard normal values from uniform ones."""
    from scipy.special import ndtri

    return ndtri(np.clip(uniform, CLOSEST, 1 - CLOSEST))


def log_energies(noise: np.ndarray) -> np.ndarray:
    """(N, places) logarithm of the mean square of noise (N, ...), weighted around each place."""
    height, width = (_tents(size) for size in noise.shape[1:3])
    means = (height / height.sum(axis=0), width / width.sum(axis=0))
    squares = (noise**2).mean(axis=-1)
    energies = np.einsum("ai,nab,bj->nij", means[0], squares, means[1], optimize=True)
    return np.log(energies + 1e-6).reshape(len(noise), -1)


def places_of(height: int, width: int) -> int:
    """Number of places of an image at which it has energies."""
    return _tents(height).shape[1] * _tents(width).shape[1]


def _tents(size: int) -> np.ndarray:
    """(size, places) weights that interpolate between the middles of equal parts of an axis."""
    places = int(np.clip(size // LEAST_SIDE, 1, MOST_PLACES))
    at = np.clip((np.arange(size) + 0.5) * places / size - 0.5, 0, places - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(places))).astype("float32")


def _filtered(white: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """White noise (N, height, width, channels) with a spectrum, from its filters."""
    waves = np.fft.fft2(white, axes=(1, 2))
    mixed = np.einsum("ijab,nijb->nija", filters, waves)
    return np.fft.ifft2(mixed, axes=(1, 2)).real.astype("float32")


def _spectrum(noise: np.ndarray) -> np.ndarray:
    """(height, width, channels, channels) cross products of the waves of noise, summed."""
    waves = np.fft.fft2(noise, axes=(1, 2))
    return np.einsum("nija,nijb->ijab", waves, waves.conj()).astype("complex128")


def _covariance(rows: np.ndarray) -> np.ndarray:
    """(dim, dim) of rows (N, dim)."""
    return np.atleast_2d(np.cov(rows.T, bias=True))


def _with_one(inputs: np.ndarray) -> np.ndarray:
    """Inputs (N, inputs) after a column of ones."""
    return np.concatenate([np.ones((len(inputs), 1), "float32"), inputs], axis=1)


def _rows_of(shape: tuple[int, ...]) -> int:
    """Number of images of a shape that are computed at a time."""
    return max(1, MOST_NUMBERS // int(np.prod(shape)))
