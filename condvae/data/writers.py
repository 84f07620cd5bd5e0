"""Write arrays to files, in the layouts that the readers accept."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from condvae.checks import InputError
from condvae.data.array_files import write_blocks
from condvae.data.enlarged import fitting_scale, save_enlarged
from condvae.data.folder_names import folder_of_label
from condvae.files.atomic import atomic_path

ARRAYS = (".npz", ".npy")
GAP = 2  # pixels between the images of a sheet


def to_uint8(x: np.ndarray) -> np.ndarray:
    """Grey levels 0 to 255 of numbers in [0, 1]; numbers outside are clipped."""
    # the only copy: the next steps work in place
    levels = x * np.float32(255)
    np.clip(levels, 0, 255, out=levels)
    np.rint(levels, out=levels)
    return levels.astype("uint8")


def write_images(
    path: Path,
    x: np.ndarray,
    labels: Sequence[str],
    bounded: bool = True,
    scale: int | None = None,
) -> None:
    """Write images in the form that the path specifies; the output appears only once complete.

    Args:
        path: `.npz` (arrays x and y), `.npy` (x), an image such as `.png` (all images as one
            sheet), or without a suffix a folder with one folder of PNG files per label.
        x: (N, height, width, channels) float in [0, 1].
        labels: N names.
        bounded: False keeps the numbers of x as float32 in an `.npz`.
        scale: scale of pictures, see `save_sheet`; None: 1 in a folder, which is a data set.

    Raises:
        InputError: another suffix, or channels that are neither grey nor RGB.
    """
    suffix = check_image_path(path).suffix.lower()
    if suffix in ARRAYS:
        levels = to_uint8(x) if bounded else x
        write_blocks(path, len(x), [{"x": levels, "y": np.asarray(labels)}])
        return
    if x.shape[-1] not in (1, 3):
        raise InputError(
            "images must have 1 or 3 channels", f"{x.shape[-1]}", "Write an .npz instead."
        )
    with atomic_path(path) as fresh:
        if suffix == ".png":
            save_sheet(to_uint8(x), fresh, scale)
        else:
            _write_folder(fresh, to_uint8(x), labels, scale or 1)


def check_image_path(path: Path) -> Path:
    """Return path if its suffix is one that `write_images` knows."""
    if path.suffix.lower() not in (*ARRAYS, ".png", ""):
        raise InputError(
            "the output must be a .png (a sheet), an .npz or .npy (arrays) or a folder (no suffix)",
            f"{path}",
            "Change its name.",
        )
    return path


def sheet(x: np.ndarray, columns: int | None = None, gap_level: int = 0) -> np.ndarray:
    """Images on a grid, (height, width, channels) uint8.

    Args:
        x: (N, height, width, channels) uint8.
        columns: images per row; None: about as many as rows.
        gap_level: grey level between the images.
    """
    count, height, width, channels = x.shape
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    shape = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels)
    page = np.full(shape, gap_level, "uint8")
    for place, image in enumerate(x):
        top, left = place // columns * (height + GAP), place % columns * (width + GAP)
        page[top : top + height, left : left + width] = image
    return page


def save_sheet(
    x: np.ndarray,
    file: Path | IO[bytes],
    scale: int | None = None,
    columns: int | None = None,
    gap_level: int = 0,
) -> None:
    """Write images on a grid as a PNG file.

    Args:
        x: (N, height, width, channels) uint8, grey or RGB.
        scale: whole factor by which the picture is enlarged; None: `fitting_scale`.
        columns, gap_level: as for `sheet`.
    """
    page = sheet(x, columns, gap_level)
    height, width, _ = page.shape
    scale = fitting_scale((x.shape[1], x.shape[2]), (height, width)) if scale is None else scale
    save_enlarged(page, file, scale)


def _write_folder(folder: Path, x: np.ndarray, labels: Sequence[str], scale: int) -> None:
    """folder/<label>/<number>.png"""
    names = {label: folder_of_label(label) for label in labels}
    for name in names.values():
        (folder / name).mkdir(parents=True)
    # names of one length sort like their numbers
    digits = len(str(len(x)))
    for number, (image, label) in enumerate(zip(x, labels, strict=True)):
        save_enlarged(image, folder / names[label] / f"{number:0{digits}d}.png", scale)
