"""Images without labels, to be scored by a model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from condvae.data.arrays import checked_images
from condvae.data.npz import read_x
from condvae.data.pictures import IMAGE_SUFFIXES, read_image
from condvae.data.pixel_forms import as_pixels
from condvae.spec import DataSpec


def read_unlabelled(
    path: Path, image_shape: Sequence[int], spec: DataSpec | None = None
) -> np.ndarray | None:
    """(N, height, width, channels) from an .npz that holds only x, or from a folder of images.

    Args:
        path: the file, or the folder, whose images are sorted by name.
        image_shape: (height, width, channels) that the model takes.
        spec: pixel format of the model's data; None: the usual one.

    Returns:
        uint8 or float32; None if the path is neither of these.

    Raises:
        InputError: damaged content, or an image of another size.
    """
    if path.is_file() and path.suffix.lower() == ".npz":
        x = read_x(path)
        spec = spec or DataSpec()
        return None if x is None else as_pixels(checked_images(x, "x", spec), spec, "x")[0]
    if not path.is_dir():
        return None
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
    return np.stack([read_image(file, image_shape) for file in files]) if files else None
