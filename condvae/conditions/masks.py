"""Masks of the given part of an image, and the condition y that they make of an image.

All tasks use the same mechanism: y holds the image with its missing pixels blank and, as a last
channel, the mask (1 or 255 where a pixel is given, 0 where it is to be predicted). Sohn, Lee & Yan
2015 call this y "x", and the predicted image "y".
"""

import numpy as np

from condvae.checks import InputError, check_choice, check_mask, check_shape
from condvae.spec import DataSpec

SIDES = ("left", "right", "top", "bottom")
LARGEST_BLOCK = 0.7


def quadrants(height: int, width: int, observed: int) -> np.ndarray:
    """(height, width) bool: the first 1, 2 or 3 of bottom left, top left and top right are given.

    1 gives a quarter (bottom left), 2 the left half, 3 all but the bottom right, as in Pyro's
    version of the experiment.
    """
    rows, columns = np.arange(height)[:, None] < height // 2, np.arange(width) < width // 2
    parts = (~rows & columns, rows & columns, rows & ~columns)
    return np.logical_or.reduce(parts[:observed])


def half(height: int, width: int, side: str) -> np.ndarray:
    """(height, width) bool: the left, right, top or bottom half is given."""
    check_choice(side, SIDES, "the side")
    rows, columns = np.arange(height)[:, None] < height // 2, np.arange(width) < width // 2
    given = {"left": columns, "right": ~columns, "top": rows, "bottom": ~rows}[side]
    return np.broadcast_to(given, (height, width)).copy()


def squares(
    num: int, height: int, width: int, largest: float, rng: np.random.Generator
) -> np.ndarray:
    """(num, height, width) bool: true in a random square, up to a share of the image's sides."""
    # at least one pixel, however small the image
    side = rng.integers(1, max(1, round(largest * min(height, width))) + 1, num)
    # the whole square is inside the image
    top, left = (rng.random(num) * (size - side + 1) for size in (height, width))
    top, left, side = (part.astype(int)[:, None, None] for part in (top, left, side))
    rows, columns = np.arange(height)[:, None], np.arange(width)
    return (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)


def draw_given(
    task: str, observed: int, num: int, height: int, width: int, rng: np.random.Generator
) -> np.ndarray:
    """Masks for the given number of images, (num, height, width) bool, true where a pixel is given.

    Args:
        task: "quadrants" (the first `observed`), "halves" (a random side for each image), "blocks"
            (all but a random square), "random" (any of these, drawn for each image).
        observed: number of quadrants that are given.
        rng: generator of the masks.
    """
    if min(height, width) < 2:
        raise InputError(
            "images must have at least 2 × 2 pixels to give a part of them",
            f"{width} × {height}",
            'Use the task "class".',
        )
    if task == "quadrants":
        return np.broadcast_to(quadrants(height, width, observed), (num, height, width))
    halves = np.stack([half(height, width, side) for side in SIDES])[rng.integers(0, 4, num)]
    if task == "halves":
        return halves
    blocks = ~squares(num, height, width, LARGEST_BLOCK, rng)
    if task == "blocks":
        return blocks
    parts = np.stack([quadrants(height, width, n) for n in (1, 2, 3)])[rng.integers(0, 3, num)]
    return np.choose(rng.integers(0, 3, num)[:, None, None], [parts, halves, blocks])


def observe(x: np.ndarray, given: np.ndarray, x_max: float = 1) -> np.ndarray:
    """The condition y: the given pixels, the missing ones blank, with the mask as last channel.

    Args:
        x: (batch, height, width, channels) pixels.
        given: (batch, height, width) or (height, width), true where a pixel is given.
        x_max: the value of x, and of the mask, that is scaled to one.

    Returns:
        (batch, height, width, channels + 1), of x's dtype.

    Raises:
        InputError: a mask of another size, or one that gives all pixels or none.
    """
    given = np.broadcast_to(np.asarray(given, bool), (len(x), *np.shape(given)[-2:]))
    check_mask(check_shape(given, (None, *x.shape[1:3]), "the mask"), "the mask")
    given = given[..., None]
    mask = (given * np.asarray(x_max)).astype(x.dtype)
    return np.concatenate([np.where(given, x, 0).astype(x.dtype), mask], axis=-1)


def blank_squares(y: np.ndarray, largest: float, rng: np.random.Generator) -> np.ndarray:
    """The condition with a random square of the given pixels blank, and its mask unchanged.

    This is input omission noise, which prevents a network from relying on single pixels.

    Args:
        y: (batch, height, width, channels + 1), from `observe`.
        largest: largest side of the squares, as a share of the image.

    Source: Sohn, Lee & Yan 2015, section 3.3.
    """
    num, height, width, _ = y.shape
    blank = squares(num, height, width, largest, rng)
    return np.concatenate([np.where(blank[..., None], 0, y[..., :-1]), y[..., -1:]], axis=-1)


def masked_images(
    x: np.ndarray, spec: DataSpec, x_max: float, rng: np.random.Generator, omission: float = 0.0
) -> np.ndarray:
    """The conditions that a task makes of images.

    Args:
        x: (batch, height, width, channels) pixels.
        spec: section with task and observed.
        x_max: the value of x that is scaled to one.
        rng: generator of the masks and of blank squares.
        omission: see `blank_squares`; only for training.

    Returns:
        (batch, height, width, channels + 1), as from `observe`.
    """
    num, height, width, _ = x.shape
    y = observe(x, draw_given(spec.task, spec.observed, num, height, width, rng), x_max)
    return blank_squares(y, omission, rng) if omission else y
