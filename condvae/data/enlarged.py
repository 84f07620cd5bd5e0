"""Pictures enlarged by a whole factor for viewing, and read back as the original pixels."""

import re
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from condvae.checks import InputError

# Keyword of the tEXt chunk of a PNG file with the factor and the original width and height.
KEYWORD = "condvae-scale"
NOTE = re.compile(r"([0-9]{1,3}) ([0-9]{1,5}) ([0-9]{1,5})")
CELL = 112  # pixels of each side of an image, at least
MOST_SCALE = 112
MOST_PIXELS = 2**25  # limit for an enlarged picture, unless the factor is given


def fitting_scale(cell: tuple[int, int], picture: tuple[int, int]) -> int:
    """The smallest factor by which images of (height, width) get `CELL` pixels on each side.

    It is smaller if the whole picture of (height, width) would have over `MOST_PIXELS`.
    """
    scale = -(-CELL // min(cell))
    height, width = picture
    return max(1, min(scale, int((MOST_PIXELS / (height * width)) ** 0.5)))


def check_scale(scale: int | None, option: str = "scale") -> int | None:
    """Return a given factor if it is valid.

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
        scale: written into the file if it is not 1.
    """
    pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    notes, (height, width) = PngInfo(), pixels.shape[:2]
    if scale != 1:
        pixels = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
        notes.add_text(KEYWORD, f"{scale} {width} {height}")
    Image.fromarray(pixels).save(file, "PNG", pnginfo=notes)


def scale_of(image: Image.Image) -> int:
    """The factor by which a picture was enlarged, from its header; 1 if it states none.

    A picture that has been scaled or cropped since then counts as another one, with factor 1.
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
    # the centre of each square, in any mode
    return image.resize((width // scale, height // scale), Image.Resampling.NEAREST)
