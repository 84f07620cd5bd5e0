"""Images on a grid with lines of text below each, as one picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from condvae.data.enlarged import CELL, fitting_scale
from condvae.figures.frames import font_of

LINE, MARGIN, GAP = 16, 3, 8  # pixels
SIZE = 12  # font size


def captioned_sheet(x: np.ndarray, captions: Sequence[Sequence[str]]) -> Image.Image:
    """Enlarged images in reading order, about as many columns as rows, on white.

    Args:
        x: (N, height, width, channels) uint8, grey or RGB.
        captions: the same number of lines for each image; a line that is too wide ends in dots.
    """
    count, height, width, channels = x.shape
    scale = fitting_scale((height, width), (height, width))
    cell_width = max(CELL, scale * width)
    cell_height = scale * height + MARGIN + LINE * len(captions[0])
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    size = (columns * (cell_width + GAP) + GAP, rows * (cell_height + GAP) + GAP)
    page = Image.new("L" if channels == 1 else "RGB", size, "white")
    draw = ImageDraw.Draw(page)
    for place, (image, lines) in enumerate(zip(x, captions, strict=True)):
        left = GAP + place % columns * (cell_width + GAP)
        top = GAP + place // columns * (cell_height + GAP)
        large = image.repeat(scale, axis=0).repeat(scale, axis=1)
        large = large[..., 0] if channels == 1 else large
        page.paste(Image.fromarray(large), (left + (cell_width - scale * width) // 2, top))
        for number, line in enumerate(lines):
            corner = (left, top + scale * height + MARGIN + LINE * number)
            text, font = _fitted(line, cell_width, draw)
            draw.text(corner, text, "black", font)
    return page


def _fitted(text: str, width: int, draw: ImageDraw.ImageDraw) -> tuple[str, Any]:
    """A text shortened to at most this many pixels, and its font."""
    font, shown = font_of(text, SIZE), text
    while len(shown) > 1 and draw.textlength(shown, font) > width:
        shown = shown.removesuffix("…")[:-1] + "…"
    return shown, font
