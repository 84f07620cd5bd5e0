"""The colours of classes, shared by the page and the figures."""

import colorsys
import re

from condvae.explorer.modules import FOLDER

PALETTE = tuple(re.findall(r'"(#[0-9a-f]{6})"', (FOLDER / "palette.js").read_text("utf-8")))
GOLDEN_ANGLE = 137.508  # degrees
LIGHTS, SATURATION = (0.62, 0.48, 0.72), 0.55


def class_colour(code: int) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a class, as `colourOf` in the page's colours.js."""
    if code < len(PALETTE):
        red, green, blue = bytes.fromhex(PALETTE[code][1:])
        return red, green, blue
    hue = code * GOLDEN_ANGLE % 360 / 360
    red, green, blue = colorsys.hls_to_rgb(hue, LIGHTS[code % 3], SATURATION)
    return round(255 * red), round(255 * green), round(255 * blue)
