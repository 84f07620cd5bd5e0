"""The data that a page shows beside the model: their encodings, and some of the images."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from condvae.checks import check_at_least
from condvae.conditions import Condition

NUM_POINTS = 60_000
NUM_EXAMPLES = 24
# What the points may take: int16 numbers in the page, float32 ones of y while they are encoded.
MOST_NUMBERS = 2**20
MOST_GIVEN = 2**26


@dataclass(frozen=True)
class Shown:
    """Rows of the data in a random order, so that no class lies on top of the others.

    Attributes:
        mean: (N, latent_dim) posterior means.
        codes: (N,) the class of each row, a place in names.
        names: of the classes that colour the points; one alone where there are none.
        images: (n, height, width, channels) float32 in [0, 1], the examples: what the encoder is
            given or, of a model that is given images, these.
        y: (n, *condition_shape) encoded, of the examples.
    """

    mean: np.ndarray
    codes: np.ndarray
    names: tuple[str, ...]
    images: np.ndarray
    y: np.ndarray


def gather_rows(
    condition: Condition,
    x: np.ndarray,
    y: np.ndarray,
    encode: Callable[[np.ndarray, np.ndarray], np.ndarray],
    x_max: int,
    classes: tuple[tuple[str, ...], np.ndarray] | None = None,
    num_points: int = NUM_POINTS,
    num_examples: int = NUM_EXAMPLES,
) -> Shown | None:
    """Rows of the data, chosen by chance, as many as a page can bear, and encoded.

    Args:
        x: (N, *image_shape) as stored.
        y: (N, ...) labels, or what else the condition encodes.
        encode: from x and encoded y to posterior means.
        x_max: the integer that stands for one.
        classes: names of classes and the place of each row among them, to colour the points by;
            None: those of the condition.
        num_points: at most; none at all leave the data out.
        num_examples: images to show.
    """
    check_at_least(num_points, 0, "the number of points")
    check_at_least(num_examples, 0, "the number of examples")
    # conditions go into the page as well: of large images fewer rows
    most = min(num_points, MOST_GIVEN // math.prod(condition.shape))
    rows = np.random.default_rng(0).permutation(len(x))[:most]
    if not len(rows):
        return None
    x, given = x[rows], condition.encode(y[rows])
    mean = encode(x, given)
    names, codes = (
        condition.named_codes(given) if classes is None else (classes[0], classes[1][rows])
    )
    examples = x[:num_examples] if not condition.is_image else given[:num_examples]
    if examples.dtype.kind != "f":
        examples = examples / x_max
    # rows are in random order: the first are as good as any
    mean, codes = (part[: MOST_NUMBERS // mean.shape[1]] for part in (mean, codes))
    images = np.asarray(examples, "float32").clip(0, 1)
    return Shown(mean, codes, names, images, given[:num_examples])


def as_int16(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers as int16 with the range of each column: value = low + (n + 32767) / 65534 * span.

    Args:
        mean: (N, latent_dim) finite.

    Returns:
        (N, latent_dim) int16; low and span, (latent_dim,) float64.
    """
    low, high = mean.min(axis=0).astype("float64"), mean.max(axis=0).astype("float64")
    # a latent that never moves: any span will do but 0
    span = np.where(high > low, high - low, 1.0)
    return np.rint((mean - low) / span * 65534 - 32767).astype("int16"), low, span


def background(images: np.ndarray) -> float:
    """How bright the border of the images is, the median, in [0, 1]."""
    rows = np.concatenate([images[:, 0], images[:, -1]], axis=1)
    columns = np.concatenate([images[:, :, 0], images[:, :, -1]], axis=1)
    return float(np.median(np.concatenate([rows, columns], axis=1)))


def extent(images: np.ndarray) -> int | None:
    """The longer side of what stands before the background, where it is the same in all images.

    So it is in MNIST, whose digits were scaled to 20 pixels and centred by their mass: what
    is drawn by hand is to be treated alike.

    Args:
        images: (n, height, width, channels) in [0, 1].

    Returns:
        Pixels; None where the images differ.
    """
    differs = abs(images - background(images)).max(axis=-1) > 0.1
    sides = []
    for image in differs:
        if image.any():
            rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
            sides.append(1 + max(np.ptp(rows), np.ptp(columns)))
    # percentiles, as a few images are cut or hold specks
    if not sides or np.subtract(*np.percentile(sides, [90, 10])) > 1:
        return None
    return round(float(np.median(sides)))
