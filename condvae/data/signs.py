"""Signs on posts, half of them behind a box: pictures and label maps of known ambiguity.

A generated set for image -> label map. A box hides the sign, and the post's colour gives the
probability that the hidden sign is round. All else can be read from the picture, so that behind
every box there are two possible maps of known probabilities, and the uncertainty that no model can
remove has an exact value.
"""

from dataclasses import dataclass

import numpy as np

from condvae.checks import check_at_least, check_memory

CLASSES = ("background", "post", "round", "square")
POST, ROUND, SQUARE = 1, 2, 3

HIDDEN, RED = 0.5, 0.5  # shares of the pictures
ROUND_IF_RED, ROUND_IF_BLUE = 0.8, 0.3

# With the noise, all of a background's channels are brighter than MIDDLE, all of the box's darker,
# and a post and a sign have one of each, so the picture shows exactly where each of them is. No
# colour comes closer than NOISE to 0 or 255, so nothing is clipped.
MIDDLE, NOISE = 128, 30
RED_POST, BLUE_POST, BOX = (210, 50, 50), (50, 90, 210), (95, 95, 95)
BACKGROUND = (160, 215)
DARK, ANY, BRIGHT = (40, 60), (40, 215), (200, 215)  # a sign's channels, in any order

BYTES_PER_PIXEL = 12  # at the peak, while the pictures are drawn


@dataclass(frozen=True, eq=False, repr=False)
class Scenes:
    """What pictures show whatever the shape of the sign, and whether or not a box hides it.

    Attributes:
        size: height and width of the pictures.
        row: (N,) row of the sign's centre, where the post begins.
        column: (N,) column of the sign's centre, the middle of the post.
        radius: (N,) of a round sign, half the side of a square one: its width is 2 radius + 1.
        height: (N,) rows of the post below the sign's centre.
        half_width: (N,) the post is 2 half_width + 1 wide.
        is_red: (N,) bool: the post is red, else blue.
        background: (N, 3) uint8 colour.
        sign: (N, 3) uint8 colour.
    """

    size: int
    row: np.ndarray
    column: np.ndarray
    radius: np.ndarray
    height: np.ndarray
    half_width: np.ndarray
    is_red: np.ndarray
    background: np.ndarray
    sign: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Signs:
    """Pictures, their label maps, and what the pictures leave open.

    Attributes:
        images: (N, size, size, 3) uint8.
        maps: (N, size, size) uint8, positions in CLASSES: the truth, also behind a box.
        hidden: (N,) bool: a box hides the sign.
        is_round: (N,) bool.
        probability_round: (N,) float64, given the post's colour: all that a picture says about the
        shape of a hidden sign.
        scenes: what the pictures show besides.
    """

    images: np.ndarray
    maps: np.ndarray
    hidden: np.ndarray
    is_round: np.ndarray
    probability_round: np.ndarray
    scenes: Scenes

    @property
    def alternatives(self) -> np.ndarray:
        """(N, 2, size, size) uint8: the map if the sign is square, and if it is round."""
        shapes = (np.full(len(self.maps), is_round) for is_round in (False, True))
        return np.stack([draw_maps(self.scenes, shape) for shape in shapes], axis=1)

    @property
    def entropy(self) -> np.ndarray:
        """(N,) float64 nats: H(map | picture), 0 where the sign is visible.

        The lower limit of what any model's -log p(x|y) can be in expectation.
        """
        p = self.probability_round
        return np.where(self.hidden, -p * np.log(p) - (1 - p) * np.log(1 - p), 0.0)


def signs(num: int, seed: int, size: int = 64) -> Signs:
    """Generate pictures and maps; the same arguments give the same bits.

    Args:
        num: number of pictures, independent of each other.
        seed: seed of all random draws.
        size: height and width, 16 or more; everything grows with it.

    Raises:
        InputError: a number below its minimum, or more pictures than memory can hold.
    """
    check_at_least(num, 1, "the number of signs")
    check_at_least(seed, 0, "the seed")
    check_at_least(size, 16, "the size of the pictures")
    check_memory(num * size**2 * BYTES_PER_PIXEL, "the signs")
    rng = np.random.default_rng(seed)
    scenes = draw_scenes(num, size, rng)
    hidden = rng.random(num) < HIDDEN
    probability_round = np.where(scenes.is_red, ROUND_IF_RED, ROUND_IF_BLUE)
    # only the post's colour is informative about the shape
    is_round = rng.random(num) < probability_round
    images = draw_images(scenes, is_round, hidden, rng)
    maps = draw_maps(scenes, is_round)
    return Signs(images, maps, hidden, is_round, probability_round, scenes)


def draw_scenes(num: int, size: int, rng: np.random.Generator) -> Scenes:
    """Random scenes, with a margin around everything and a part of each post below its box."""
    margin, stub = size // 16, size // 8
    radius = rng.integers(size // 8, 3 * size // 16, num, endpoint=True)
    box = _half_box(radius, size)
    # boxes fit for all signs, hidden or not: their place must not reveal which
    row = rng.integers(margin + box, size - margin - box - stub)
    column = rng.integers(margin + box, size - margin - box)
    height = rng.integers(box + stub, size - margin - row)
    half_width = rng.integers(size // 32, size // 16, num, endpoint=True)
    is_red = rng.random(num) < RED
    background = rng.integers(*BACKGROUND, (num, 3), np.uint8, endpoint=True)
    low, high = np.transpose([DARK, ANY, BRIGHT])
    # one channel of each kind, in a random order
    sign = rng.permuted(rng.integers(low, high, (num, 3), np.uint8, endpoint=True), axis=1)
    return Scenes(size, row, column, radius, height, half_width, is_red, background, sign)


def draw_maps(scenes: Scenes, is_round: np.ndarray) -> np.ndarray:
    """(N, size, size) uint8 label maps, of scenes and (N,) shapes."""
    maps = np.where(_post(scenes), np.uint8(POST), np.uint8(0))
    shape = np.where(is_round, np.uint8(ROUND), np.uint8(SQUARE))
    np.copyto(maps, shape[:, None, None], where=_sign(scenes, is_round))
    return maps


def draw_images(
    scenes: Scenes, is_round: np.ndarray, hidden: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Pictures: background, post, sign and box painted over each other, and noise on all.

    Args:
        scenes: the scenes of N pictures.
        is_round: (N,) bool; without effect where hidden.
        hidden: (N,) bool.
        rng: generator of the noise, uniform, independent for each pixel and channel.

    Returns:
        (N, size, size, 3) uint8.
    """
    box = _square(scenes, _half_box(scenes.radius, scenes.size)) & hidden[:, None, None]
    layers = (
        (_post(scenes), np.where(scenes.is_red[:, None], RED_POST, BLUE_POST)),
        (_sign(scenes, is_round), scenes.sign),
        (box, np.broadcast_to(BOX, scenes.sign.shape)),
    )
    images = np.empty((*box.shape, 3), np.uint8)
    # then painted over from the back to the front
    images[:] = scenes.background[:, None, None]
    for area, colours in layers:
        np.copyto(images, colours.astype(np.uint8)[:, None, None], where=area[..., None])
    # uniform from -NOISE to NOISE, in uint8: colours keep that distance to both ends
    images -= NOISE
    images += rng.integers(0, 2 * NOISE, images.shape, np.uint8, endpoint=True)
    return images


def _half_box(radius: np.ndarray, size: int) -> np.ndarray:
    """(N,) pixels from the centre to the sides of a box, from the radius of what it hides."""
    return radius + size // 16


def _offsets(scenes: Scenes) -> tuple[np.ndarray, np.ndarray]:
    """Rows (N, size, 1) and columns (N, 1, size) from the sign's centre, down and right."""
    positions = np.arange(scenes.size)
    rows, columns = (positions - centre[:, None] for centre in (scenes.row, scenes.column))
    return rows[:, :, None], columns[:, None, :]


def _post(scenes: Scenes) -> np.ndarray:
    """(N, size, size) bool: the post, from the sign's centre down."""
    rows, columns = _offsets(scenes)
    height, half_width = (part[:, None, None] for part in (scenes.height, scenes.half_width))
    return (rows >= 0) & (rows <= height) & (abs(columns) <= half_width)


def _square(scenes: Scenes, half_side: np.ndarray) -> np.ndarray:
    """(N, size, size) bool: a square around the sign's centre."""
    rows, columns = _offsets(scenes)
    half_side = half_side[:, None, None]
    return (abs(rows) <= half_side) & (abs(columns) <= half_side)


def _sign(scenes: Scenes, is_round: np.ndarray) -> np.ndarray:
    """(N, size, size) bool: a disc where is_round, else the square around it."""
    rows, columns = _offsets(scenes)
    radius, is_round = scenes.radius[:, None, None], is_round[:, None, None]
    # r (r + 1), the whole part of (r + 1/2)^2, keeps small discs from being diamonds
    disc = rows**2 <= radius * (radius + 1) - columns**2
    return _square(scenes, scenes.radius) & (disc | ~is_round)
