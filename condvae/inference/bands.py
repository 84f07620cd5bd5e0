"""Bands of the frequencies of images, and the energy that each has at places of an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

MOST_PLACES, LEAST_SIDE = 8, 4  # along an axis; pixels of a place
ORIENTATIONS = 6
ORDER = 8  # of the filters between bands, as of a Butterworth filter
LEAST_ENERGY = 1e-6


@dataclass(frozen=True)
class Bands:
    """Coarse structure, and finer structure of two scales and six orientations; their sum is 1.

    The coarse band ends at half a cycle a place, and has half as many places along an axis. The
    other two scales meet in the geometric middle between there and the finest frequencies.
    """

    height: int
    width: int

    @cached_property
    def filters(self) -> np.ndarray:
        """(bands, height, width // 2 + 1) float32 in the frequency domain of `rfft2`."""
        down, across = np.fft.fftfreq(self.height)[:, None], np.fft.rfftfreq(self.width)[None]
        radius, angle = np.hypot(down, across), np.arctan2(down, across)
        first = 0.5 * max(_places(size) / size for size in (self.height, self.width))
        coarse, medium = (1 / (1 + (radius / at) ** ORDER) for at in (first, np.sqrt(first / 2)))
        turned = np.pi * np.arange(ORIENTATIONS)[:, None, None] / ORIENTATIONS
        along = np.cos(angle - turned) ** (2 * (ORIENTATIONS - 1))
        along /= along.sum(axis=0)
        finer = [(medium - coarse) * along, (1 - medium) * along]
        return np.concatenate([coarse[None], *finer]).astype("float32")

    @property
    def size(self) -> int:
        """Number of energies of an image."""
        return sum(down.shape[1] * across.shape[1] for down, across in self._tents)

    def split(self, images: np.ndarray) -> list[np.ndarray]:
        """Images (N, height, width, channels), band by band."""
        waves, shape = np.fft.rfft2(images, axes=(1, 2)), images.shape[1:3]
        return [
            np.fft.irfft2(waves * of_band[..., None], shape, axes=(1, 2)).astype("float32")
            for of_band in self.filters
        ]

    def log_energies(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """(N, size) logarithms of each band's mean square, weighted around its places."""
        logs = []
        for part, (down, across) in zip(parts, self._tents, strict=True):
            squares = np.einsum("nabc,nabc->nab", part, part) / part.shape[-1]
            down, across = down / down.sum(axis=0), across / across.sum(axis=0)
            energies = down.T @ squares @ across
            logs.append(np.log(energies + LEAST_ENERGY).reshape(len(part), -1))
        return np.concatenate(logs, axis=1)

    def amplified(self, parts: Sequence[np.ndarray], gains: np.ndarray) -> np.ndarray:
        """The sum of the bands, whose log energies are raised by gains (N, size) at the places."""
        images, first = np.zeros_like(parts[0]), 0
        for part, (down, across) in zip(parts, self._tents, strict=True):
            places = down.shape[1], across.shape[1]
            of_band = gains[:, first : first + places[0] * places[1]]
            first += of_band.shape[1]
            logs = down @ of_band.reshape(-1, *places) @ across.T
            images += part * np.exp(logs / 2).astype("float32")[..., None]
        return images

    @cached_property
    def _tents(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each band, the weights of its places along both axes."""

        def weights(part: int) -> tuple[np.ndarray, np.ndarray]:
            down, across = (max(1, _places(n) // part) for n in (self.height, self.width))
            return _tents(self.height, down), _tents(self.width, across)

        return [weights(2), *2 * ORIENTATIONS * [weights(1)]]


def _places(size: int) -> int:
    """Number of places along an axis."""
    return int(np.clip(size // LEAST_SIDE, 1, MOST_PLACES))


def _tents(size: int, places: int) -> np.ndarray:
    """(size, places) weights that interpolate between the middles of equal parts of an axis."""
    at = np.clip((np.arange(size) + 0.5) * places / size - 0.5, 0, places - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(places))).astype("float32")
