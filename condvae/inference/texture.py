"""Texture: noise of the pixels of photographs, which depends on that of their neighbours.

The noise that gives the training images under the likelihood has one spectrum, with all colours,
and energies that differ between images, in bands of frequencies and orientations, and between the
places of an image: a Gaussian scale mixture. Where there are edges, the energies of several bands
and places are large together. So they are summarised by their principal components, which are drawn
together with z.

Source: Wainwright & Simoncelli 2000, "Scale mixtures of Gaussians and the statistics of natural
images"; Portilla & Simoncelli 2000, "A parametric texture model based on joint statistics of
complex wavelet coefficients" (noise is adjusted until it has the statistics).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from condvae.blocks import slices
from condvae.inference.bands import Bands
from condvae.inference.chance import Chance

COMPONENTS = 64  # principal components of log energies
SIZE = 1.1  # of noise: of training images, it is smaller than of others, whose encodings fit less
MOST_ADJUSTED = 3.0  # of a log energy at once
MOST_NUMBERS = 2**20  # pixels and channels at a time
CLOSEST = 1e-5  # of a quantile to 0 and 1


@dataclass(frozen=True)
class Texture:
    """The noise of training images.

    Attributes:
        filters: (height, width, channels, channels) complex: in the frequency domain, from white
            noise to noise with the spectrum of the pixels.
        middle: (energies,) mean of the log energies of `Bands`.
        axes: (components, energies) from the principal components of the rest to log energies.
    """

    filters: np.ndarray
    middle: np.ndarray
    axes: np.ndarray

    @classmethod
    def fit(cls, noise: Iterator[np.ndarray]) -> tuple[Self, np.ndarray]:
        """Fit it to the noise of images.

        Args:
            noise: (n, height, width, channels) standard normal values, block by block.

        Returns:
            texture: what the images share.
            components: (N, components) float32, in which they differ.
        """
        spectrum, energies = np.zeros((1, 1, 1, 1)), []
        for whole in noise:
            bands = Bands(*whole.shape[1:3])
            for rows in slices(len(whole), _rows_of(whole.shape[1:])):
                part = whole[rows]
                energies.append(bands.log_energies(bands.split(part)))
                sizes = part.std(axis=(1, 2, 3), keepdims=True) + 1e-6
                spectrum = spectrum + _spectrum(part / sizes)
        found, shape = np.concatenate(energies), spectrum.shape[:3]
        spectrum = spectrum / (len(found) * shape[0] * shape[1])
        filters = np.linalg.cholesky(spectrum + 1e-6 * np.eye(shape[2])).astype("complex64")
        middle = found.mean(axis=0)
        axes = np.linalg.eigh(np.atleast_2d(np.cov(found.T, bias=True)))[1].T[::-1][:COMPONENTS]
        components = (found - middle) @ axes.T
        # with the variance of the components that are left out
        kept, total = components.var(axis=0).sum(), found.var(axis=0).sum()
        axes = axes * np.sqrt(total / max(kept, 1e-12))
        middle = middle + 2 * np.log(SIZE)
        texture = cls(filters, middle.astype("float32"), axes.astype("float32"))
        return texture, components.astype("float32")

    @classmethod
    def shapes(cls, height: int, width: int, channels: int) -> list[tuple[int, ...]]:
        """Shapes of the attributes, in order."""
        size = Bands(height, width).size
        return [
            (height, width, channels, channels),
            (size,),
            (min(COMPONENTS, size), size),
        ]

    def noise(self, white: np.ndarray, components: np.ndarray) -> np.ndarray:
        """White noise (N, height, width, channels), given the spectrum and energies of these."""
        bands, wanted = Bands(*white.shape[1:3]), self.middle + components @ self.axes
        parts = bands.split(_filtered(white, self.filters))

        def missing(parts: list[np.ndarray]) -> np.ndarray:
            return np.clip(wanted - bands.log_energies(parts), -MOST_ADJUSTED, MOST_ADJUSTED)

        gains = missing(parts)
        # again, since places and bands overlap
        gains += missing(bands.split(bands.amplified(parts, gains)))
        return bands.amplified(parts, gains)


class Textured(Chance):
    """Random numbers of one seed, in which the noise of neighbouring pixels is dependent.

    The noise of one pixel alone is about uniform. Tell it the components of a `Texture` before the
    noise of their images is drawn.
    """

    def __init__(self, seed: int, temperature: float, texture: Texture):
        super().__init__(seed, temperature)
        self._texture, self._components = texture, np.empty((0, 0))

    def follow(self, components: np.ndarray) -> None:
        """The images that are drawn next have these components (N, components)."""
        self._components = components

    def pixels(self, *shape: int, kind: str = "uniform") -> np.ndarray:
        """Noise of images, see `Chance.pixels`."""
        from scipy.special import ndtr  # 0.1 s, which other draws need not wait for

        uniform = np.empty(shape, "float32")
        for part in slices(shape[0], _rows_of(shape[1:])):
            white = super().pixels(part.stop - part.start, *shape[1:], kind="normal")
            uniform[part] = ndtr(self._texture.noise(white, self._components[part]))
        return uniform


def quantiles(uniform: np.ndarray) -> np.ndarray:
    """Standard normal values from uniform ones."""
    from scipy.special import ndtri

    return ndtri(np.clip(uniform, CLOSEST, 1 - CLOSEST))


def _filtered(white: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """White noise (N, height, width, channels) with a spectrum, from its filters."""
    waves = np.fft.fft2(white, axes=(1, 2))
    mixed = np.einsum("ijab,nijb->nija", filters, waves)
    return np.fft.ifft2(mixed, axes=(1, 2)).real.astype("float32")


def _spectrum(noise: np.ndarray) -> np.ndarray:
    """(height, width, channels, channels) cross products of the waves of noise, summed."""
    waves = np.fft.fft2(noise, axes=(1, 2))
    return np.einsum("nija,nijb->ijab", waves, waves.conj()).astype("complex128")


def _rows_of(shape: tuple[int, ...]) -> int:
    """Number of images of a shape that are computed at a time."""
    return max(1, MOST_NUMBERS // int(np.prod(shape)))
