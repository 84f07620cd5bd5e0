"""Data augmentation: random changes of training images."""

from collections.abc import Sequence

import numpy as np

from condvae.checks import InputError
from condvae.data import Dataset

SHARE = 8  # a crop is shifted by at most an eighth of the image


def check_augment(dataset: Dataset) -> None:
    """Raise InputError unless x are images and the condition is not an image itself."""
    if len(dataset.image_shape) != 3 or dataset.table is not None or dataset.condition.is_image:
        raise InputError(
            "augment requires images under a label, a number or several",
            f"{dataset.name or 'data'}, {dataset.assumption}, given {dataset.condition}",
            "Omit `augment`.",
        )


def augmented(x: np.ndarray, rng: np.random.Generator, kinds: Sequence[str]) -> np.ndarray:
    """A batch of images, each flipped or shifted at random.

    Args:
        x: (batch, height, width, channels).
        kinds: "flips", half of the images from left to right; "crops", shifted by up to an eighth
            of a side, with the edge mirrored.
    """
    if "flips" in kinds:
        turned = rng.random(len(x)) < 0.5
        x = np.where(turned[:, None, None, None], x[:, :, ::-1], x)
    if "crops" in kinds:
        height, width = x.shape[1:3]
        most = (height // SHARE, width // SHARE)
        padding = [(0, 0), (most[0], most[0]), (most[1], most[1]), (0, 0)]
        padded = np.pad(x, padding, mode="symmetric")
        down, across = (rng.integers(0, 2 * m + 1, len(x)) for m in most)
        rows = np.arange(len(x))[:, None, None]
        down = (down[:, None] + np.arange(height))[:, :, None]
        across = (across[:, None] + np.arange(width))[:, None, :]
        x = padded[rows, down, across]
    return x
