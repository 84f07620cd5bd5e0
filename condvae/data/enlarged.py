"""Pictures enlarged by a whole number to be looked at, which are read as the pixels they show."""

import re
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from condvae.checks import InputError

# Of the tEXt chunk of a PNG file that holds the factor, and the width and the height before it.
KEYWORD = "condvae-scale"
NOTE = re.compile(r"([0-9]{1,3}) ([0-9]{1,5}) ([0-9]{1,5})")
CELL = 112  # pixels that each side of an image has at least
MOST_SCALE = 112
MOST_PIXELS = 2**25  # of an enlarged picture, unless the factor is given


def fitting_scale(cell: tuple[int, int], picture: tuple[int, int]) -> int:
    """The least factor by which images of (height, width) get `CELL` pixels along each side.

    It is smaller where the whole picture of (height, width) would have over `MOST_PIXELS`.
    """
    scale = -(-CELL // min(cell))
    height, width = picture
    return max(1, min(scale, int((MOST_PIXELS / (height * width)) ** 0.5)))


def check_scale(scale: int | None, option: str = "scale") -> int | None:
    """Return a factor that is given if it is one.

    Raises:
        InputError: it is not in the range from 1 to `MOST_SCALE`.
    """
    if scale is not None and not 1 <= scale <= MOST_SCALE:
        raise InputError(
            f"{option} must be a whole number from 1 to {MOST_SCALE}", f"{scale}", "Choose another."
        )
    return scale


def save_enlarged(pixels: np.ndarray, file: Path | IO[bytes], scale: int) -> None:
    """Write a PNG file in which each pixel is a square of scale × scale pixels.

    Args:
        pixels: (height, width, channels) uint8, grey or RGB.
        scale: written into the file where it is not 1.
    """
    pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    notes, (height, width) = PngInfo(), pixels.shape[:2]
    if scale != 1:
        pixels = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
        notes.add_text(KEYWORD, f"{scale} {width} {height}")
    Image.fromarray(pixels).save(file, "PNG", pnginfo=notes)


def scale_of(image: Image.Image) -> int:
    """The factor by which a picture was enlarged, by its header; 1 where nothing says so.

    A picture that was scaled or cropped since then is another one, whose factor is 1.
    """
    found = NOTE.fullmatch(str(image.info.get(KEYWORD))) if image.format == "PNG" else None
    if found is None:
        return 1
    scale, width, height = map(int, found.groups())
    fits = 1 <= scale <= MOST_SCALE and image.size == (scale * width, scale * height)
    return scale if fits else 1


def as_drawn(image: Image.Image) -> Image.Image:
    """The picture before it was enlarged."""
    if (scale := scale_of(image)) == 1:
        return image
    width, height = image.size
    # the middle of each square, whatever the mode
    return image.resize((width // scale, height // scale), Image.Resampling.NEAREST)
