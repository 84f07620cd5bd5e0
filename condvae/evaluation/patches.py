"""Patch features of colour photographs, a classifier's inputs instead of pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from condvae.blocks import in_order, slices

SIDE = 6  # pixels per side of a patch
FILTERS = 200
THRESHOLD = 1.0
# added to variances: of a patch, so that flat ones stay flat, and of whitened directions
FLAT, LEAST_VARIANCE = 10 / 255**2, 0.1
SEEN = 50_000  # patches from which filters and whitening are computed
STEP = 2  # pixels between patches
QUARTERS = 2  # per side: responses are averaged over each of four parts
LEAST_SIDE = 12  # pixels per side of an image
SHRUNK = 32  # pixels per side, approximately, to which larger images are averaged
_BLOCK = 250  # images at a time
_LEAST_SPREAD = 1e-3  # smallest standard deviation of a feature


@dataclass(frozen=True)
class PatchFeatures:
    """From rows of pixels to the responses of each quarter of an image to 200 patches.

    A patch is normalised to mean 0 and variance 1, and whitened; its products with 200 random
    patches of the training images, and with their negatives, are thresholded and averaged over a
    quarter.

    Attributes:
        image_shape: (height, width, channels) of a row.
        kernel: (6 * 6 * channels, 200) whitening and filters combined.
        offset: (200,) response to the mean patch.
        mean: (1600,) means of the features over the images from which they were computed.
        scale: (1600,) their standard deviations.

    Source: Coates & Ng 2011, "The importance of encoding versus training with sparse coding and
    vector quantization" (random patches, soft threshold); Coates, Lee & Ng 2011 (pooling).
    """

    image_shape: tuple[int, ...]
    kernel: np.ndarray
    offset: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fits(cls, image_shape: Sequence[int]) -> bool:
        """Whether images are in colour and at least 12 pixels per side."""
        return len(image_shape) == 3 and image_shape[2] == 3 and min(image_shape[:2]) >= LEAST_SIDE

    @classmethod
    def of(cls, rows: np.ndarray, image_shape: Sequence[int], seed: int = 0) -> Self:
        """Compute the features' parameters from training images.

        Args:
            rows: (N, dim) float32, pixels about 0 to 1.
            image_shape: shape of a row.
            seed: seed of the patches.
        """
        rng, shape = np.random.default_rng(seed), tuple(image_shape)
        images = _shrunk(rows[rng.permutation(len(rows))[:SEEN]], shape)
        chosen = rng.integers(0, len(images), SEEN)
        tops, lefts = (rng.integers(0, side - SIDE + 1, SEEN) for side in images.shape[1:3])
        # (images, rows, columns, channels, 6, 6)
        seen = _normalised(_windows(images)[chosen, tops, lefts].reshape(SEEN, -1))
        middle = seen.mean(axis=0)
        variances, directions = np.linalg.eigh(np.cov((seen - middle).T))
        whitening = (directions / np.sqrt(variances + LEAST_VARIANCE)) @ directions.T
        filters = (seen[:FILTERS] - middle) @ whitening
        filters /= np.linalg.norm(filters, axis=1, keepdims=True) + 1e-6
        kernel = (whitening @ filters.T).astype("float32")
        size = 2 * FILTERS * QUARTERS**2
        blank = np.zeros(size, "float32")
        raw = cls(shape, kernel, (middle @ kernel).astype("float32"), blank, blank + 1)
        features = raw(rows)
        mean, scale = features.mean(axis=0), features.std(axis=0) + np.float32(_LEAST_SPREAD)
        return cls(shape, kernel, raw.offset, mean, scale)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """(N, 1600) float32 features of rows (N, dim)."""
        blocks = (rows[part] for part in slices(len(rows), _BLOCK))
        found = list(in_order(self._answers, blocks))
        answers = np.concatenate(found) if found else np.zeros((0, len(self.mean)), "float32")
        return (answers - self.mean) / self.scale

    def tensors(self) -> dict[str, np.ndarray]:
        """The parameters computed from images, by name."""
        names = ("kernel", "offset", "mean", "scale")
        return {f"patches/{name}": np.asarray(getattr(self, name)) for name in names}

    @classmethod
    def shapes(cls, image_shape: Sequence[int]) -> dict[str, tuple[int, ...]]:
        """Shapes of the tensors."""
        size = (2 * FILTERS * QUARTERS**2,)
        shapes = (SIDE**2 * image_shape[2], FILTERS), (FILTERS,), size, size
        names = ("kernel", "offset", "mean", "scale")
        return {f"patches/{name}": shape for name, shape in zip(names, shapes, strict=True)}

    @classmethod
    def restored(cls, image_shape: Sequence[int], tensors: dict[str, np.ndarray]) -> Self:
        """The inverse of `tensors`."""
        return cls(tuple(image_shape), *(tensors[name] for name in cls.shapes(image_shape)))

    def _answers(self, rows: np.ndarray) -> np.ndarray:
        """Features of a few rows, before standardisation."""
        windows = _windows(_shrunk(rows, self.image_shape))[:, ::STEP, ::STEP]
        count, height, width = windows.shape[:3]
        patches = _normalised(windows.reshape(count * height * width, -1))
        answers = (patches @ self.kernel - self.offset).reshape(count, height, width, -1)
        quarters = []
        for sign in (1, -1):
            beyond = np.maximum(sign * answers - THRESHOLD, 0)
            for band in np.array_split(beyond, QUARTERS, axis=1):
                parts = np.array_split(band, QUARTERS, axis=2)
                quarters += [part.mean(axis=(1, 2)) for part in parts]
        return np.concatenate(quarters, axis=1)


def _shrunk(rows: np.ndarray, image_shape: tuple[int, ...]) -> np.ndarray:
    """Images of rows, averaged over squares if they are at least twice as large as needed."""
    height, width, channels = image_shape
    factor = max(1, min(height, width) // SHRUNK)
    images = rows.reshape(-1, height, width, channels)
    if factor == 1:
        return images
    height, width = height // factor, width // factor
    images = images[:, : height * factor, : width * factor]
    return images.reshape(-1, height, factor, width, factor, channels).mean(axis=(2, 4))


def _windows(images: np.ndarray) -> np.ndarray:
    """(N, rows, columns, channels, 6, 6) all patches, as a view."""
    return np.lib.stride_tricks.sliding_window_view(images, (SIDE, SIDE), axis=(1, 2))


def _normalised(patches: np.ndarray) -> np.ndarray:
    """Patches (n, dim) with mean 0 and a variance of about 1."""
    patches = patches - patches.mean(axis=1, keepdims=True)
    return patches / np.sqrt(patches.var(axis=1, keepdims=True) + np.float32(FLAT))
