"""Digits of several fonts, drawn with a round pen: grey images whose factors are known.

A generated set beside MNIST. The centre line of a font's digit is set upright, slanted, scaled and
placed as a set of points, and the pen is drawn along it last, so that neither slant nor scale
changes its thickness. The factors are drawn independently of each other and of digit and font.

Source of the factors and of their signs: Castro et al. 2019, Morpho-MNIST (arXiv:1809.10780).
"""

from functools import cache
from importlib.metadata import distribution

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from condvae.checks import check_at_least, check_memory

SIZE = 28  # pixels, as MNIST's images
HEIGHT = 18  # pixels of the centre line at scale 1: with the pen about MNIST's 20

# Fonts included in matplotlib: upright, with ten digits of equal height.
FONTS = (
    *("DejaVuSans", "DejaVuSansMono", "DejaVuSerif"),
    *("STIXGeneral", "cmr10", "cmss10", "cmtt10"),
)
FOLDER = "matplotlib/mpl-data/fonts/ttf"
FONT_SIZE = 128  # pixels: a digit's centre line is a few hundred points, 0.25 pixels apart or less

# With these factors, nothing can reach the border.
FACTORS = {
    "slant": (-0.5, 0.5),
    "thickness": (1.5, 3.5),
    "scale": (0.7, 1.0),
    "shift_x": (-1.0, 1.0),
    "shift_y": (-1.0, 1.0),
}

SUPERSAMPLING = 2  # enough, because a pixel's coverage comes from its distance to the pen's edge


def draw_glyphs(num_images: int, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Generate digits, white on black; the same arguments give the same bits.

    Args:
        num_images: number of digits, independent of each other.
        seed: seed of all random draws.

    Returns:
        The images, (num_images, 28, 28, 1) uint8, and their factors, each (num_images,):

        - digit: int64, 0-9.
        - slant: float64 radians, arctan(-u11 / u02) of the centre line; above 0 it leans right.
        - thickness: float64 pixels, of the pen.
        - scale: float64, the height of the centre line per HEIGHT pixels.
        - shift_x: float64 pixels, from the image's middle right to that of the digit's extent.
        - shift_y: float64 pixels, likewise down.
        - font: str, one of FONTS.

    Raises:
        InputError: a number below its minimum, or more images than memory can hold.
    """
    check_at_least(num_images, 1, "the number of glyphs")
    check_at_least(seed, 0, "the seed")
    check_memory(num_images * SIZE**2, "the glyphs")
    rng = np.random.default_rng(seed)
    digit = rng.integers(0, 10, num_images)
    font = rng.choice(FONTS, num_images)
    factors = {name: rng.uniform(*limits, num_images) for name, limits in FACTORS.items()}
    images = np.empty((num_images, SIZE, SIZE, 1), "uint8")
    for i in range(num_images):
        slant, thickness, scale, *shift = (values[i] for values in factors.values())
        points = place(_centre_line(str(font[i]), int(digit[i])), slant, scale, shift)
        images[i, ..., 0] = draw_pen(points, thickness)
    return images, {"digit": digit, **factors, "font": font}


def place(
    points: np.ndarray, slant: float, scale: float, shift: tuple[float, float] | list[float]
) -> np.ndarray:
    """(P, 2) points of an upright centre line of height 1, slanted, scaled and moved.

    Args:
        slant: radians, positive to the right.
        slant: radians, positive to the right.
        scale: height of the line, in units of HEIGHT pixels.
        shift: pixels right and down, of the middle of the extent from (0, 0).

    Returns:
        (P, 2) pixels right and down of the image's middle.
    """
    # x moves by -tan(slant) * y: up is negative y, so that above 0 it leans right
    points = scale * HEIGHT * points @ np.array([[1, 0], [-np.tan(slant), 1]])
    return points - (points.min(axis=0) + points.max(axis=0)) / 2 + shift


def draw_pen(points: np.ndarray, thickness: float) -> np.ndarray:
    """(28, 28) uint8: white are all places within thickness / 2 of a point.

    Args:
        points: (P, 2) pixels right and down of the image's middle.
        thickness: pixels.
    """
    places = (np.arange(SIZE * SUPERSAMPLING, dtype="float32") + 0.5) / SUPERSAMPLING - SIZE / 2
    x, y = ((points.astype("float32")[..., None] - places) ** 2).swapaxes(0, 1)
    # row and column squares are added, so that only one root is taken
    distance = np.sqrt((y[:, :, None] + x[:, None, :]).min(axis=0))
    # share of a place covered by the pen, as if its edge were straight there
    inside = np.clip((thickness / 2 - distance) * SUPERSAMPLING + 0.5, 0, 1)
    covered = inside.reshape(SIZE, SUPERSAMPLING, SIZE, SUPERSAMPLING).mean(axis=(1, 3))
    return np.rint(255 * covered).astype("uint8")


@cache
def _centre_line(font: str, digit: int) -> np.ndarray:
    """(P, 2) x and y of a digit's skeleton: its mean 0, its slant 0, its height 1."""
    from skimage.morphology import skeletonize  # imported here: it takes a second

    path = distribution("matplotlib").locate_file(f"{FOLDER}/{font}.ttf")
    face = ImageFont.truetype(str(path), FONT_SIZE, layout_engine=ImageFont.Layout.BASIC)
    picture = Image.new("L", (2 * FONT_SIZE, 2 * FONT_SIZE))
    ImageDraw.Draw(picture).text((FONT_SIZE // 2, FONT_SIZE // 2), str(digit), 255, face)
    y, x = np.nonzero(skeletonize(np.asarray(picture) > 127))
    # both divided by the height, so that the shape stays
    x, y = (x - x.mean()) / np.ptp(y), (y - y.mean()) / np.ptp(y)
    # a 7 leans right by itself, a 5 left: without this the slant asked for would be off
    return np.stack([x - (x @ y) / (y @ y) * y, y], axis=1)
