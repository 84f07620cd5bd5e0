"""The data that a page shows with the model: their encodings, and some of the images."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from condvae.checks import check_at_least
from condvae.conditions import Condition
from condvae.explorer.unusual import Unusual

NUM_POINTS = 60_000
NUM_EXAMPLES = 24
NUM_IMAGES = 1_000
# Limits for points: int16 numbers in the page, float32 ones of y while they are encoded.
MOST_NUMBERS = 2**19
MOST_GIVEN = 2**26
# Default limit for the images of points: bytes, before deflating.
MOST_BYTES = 2**20

Encode = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Pictures:
    """Points whose images are in the page.

    Attributes:
        places: (n,) ascending positions among all rows that are shown.
        x: (n, height, width, channels) uint8 levels.
        y: (n, *condition_shape) encoded.
    """

    places: np.ndarray
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Shown:
    """Rows of the data, in their order.

    Attributes:
        mean: (N, latent_dim) posterior means.
        codes: (N,) the class of each row, a position in names.
        names: names of the classes that colour the points; a single one if there are none.
        images: (n, height, width, channels) float32 in [0, 1], the examples: the input of the
            encoder, or the conditions of a model that is conditioned on images.
        y: (n, *condition_shape) encoded, for the examples.
        rows: (N,) ascending, the number of each row in the data set; None: not revealed.
        pictures: points with their images; None: there are none.
        unusual: rows that stand out.
        log_prob: (N,) log p(x | y), nats, NaN if it was not computed; None: of no row.
        estimator: the estimator of log_prob, in words.
    """

    mean: np.ndarray
    codes: np.ndarray
    names: tuple[str, ...]
    images: np.ndarray
    y: np.ndarray
    rows: np.ndarray | None = None
    pictures: Pictures | None = None
    unusual: Unusual | None = None
    log_prob: np.ndarray | None = None
    estimator: str = ""

    @property
    def num_images(self) -> int:
        """Number of images of the data that are shown."""
        pictures = 0 if self.pictures is None else len(self.pictures.places)
        # examples are pictures, too, if there are enough
        return max(pictures, len(self.images))


def gather_rows(
    condition: Condition,
    x: np.ndarray,
    y: np.ndarray,
    encode: Encode,
    x_max: int,
    classes: tuple[tuple[str, ...], np.ndarray] | None = None,
    num_points: int = NUM_POINTS,
    num_examples: int = NUM_EXAMPLES,
    num_images: int | None = None,
    rows: np.ndarray | None = None,
    latent_dim: int = 1,
    unusual: Unusual | None = None,
) -> Shown | None:
    """Random rows of the data, up to the number that a page can show, with their encodings.

    Images and examples are spread evenly over the classes.

    Args:
        x: (N, *image_shape) as stored.
        y: (N, ...) labels, or other values that the condition encodes.
        encode: function from x and encoded y to posterior means.
        x_max: the integer that represents one.
        classes: names of classes and the class of each row among them, to colour the points;
            None: those of the condition.
        num_points: largest number of points; 0 leaves the data out.
        num_examples: number of example images to show.
        num_images: number of points with their images; None: 1,000, or as many large images as
            take 1 MiB. A model that is conditioned on images has none.
        rows: (N,) ascending, the numbers of the rows in the data set; None: not revealed,
            and no point has its image.
        latent_dim: number of values that `encode` returns per row.
        unusual: numbers of rows that are always shown, with their images.
    """
    check_at_least(num_points, 0, "the number of points")
    check_at_least(num_examples, 0, "the number of examples")
    check_at_least(num_images or 0, 0, "the number of images")
    # conditions are encoded as a whole: with large images, fewer rows
    most = min(num_points, MOST_GIVEN // math.prod(condition.shape), MOST_NUMBERS // latent_dim)
    rng = np.random.default_rng(0)
    chosen, always = rng.permutation(len(x)), np.empty(0, int)
    if unusual is not None and rows is not None:
        always = np.flatnonzero(np.isin(rows, unusual.rows))
        chosen = np.concatenate([always, chosen[~np.isin(chosen, always)]])
    chosen = np.sort(chosen[: max(most, 0)])
    if not len(chosen):
        return None
    x, given = x[chosen], condition.encode(y[chosen])
    mean = encode(x, given)
    names, codes = (
        condition.named_codes(given) if classes is None else (classes[0], classes[1][chosen])
    )
    order = spread(codes, rng)
    of_examples = order[:num_examples]
    examples = as_levels((given if condition.is_image else x)[of_examples], x_max)
    pictures = None
    if rows is not None and not condition.is_image:
        rows = rows[chosen]
        if num_images is None:
            num_images = min(NUM_IMAGES, MOST_BYTES // math.prod(x.shape[1:]))
        places = np.union1d(order[:num_images], np.searchsorted(chosen, always))
        if len(places):
            levels = np.rint(255 * as_levels(x[places], x_max)).astype("uint8")
            pictures = Pictures(places, levels, given[places])
    return Shown(mean, codes, names, examples, given[of_examples], rows, pictures, unusual)


def spread(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All positions in an order that spreads any first part evenly over the classes.

    Args:
        codes: (N,) the class of each position.
    """
    order = rng.permutation(len(codes))
    # by class, then in random order
    by_class = order[np.argsort(codes[order], kind="stable")]
    counts = np.bincount(codes)
    turn = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
    return by_class[np.argsort(turn, kind="stable")]


def as_levels(x: np.ndarray, x_max: int) -> np.ndarray:
    """Stored images as float32 in [0, 1]."""
    return np.asarray(x if x.dtype.kind == "f" else x / x_max, "float32").clip(0, 1)


def as_int16(
    mean: np.ndarray, fine: Sequence[int] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers as int16 with the range of each column: value = low + (n + 32767) / 65534 * span.

    Args:
        mean: (N, latent_dim) finite.
        fine: the columns with all of these steps; the others have 256, whose low bytes deflate to
            nothing. None: all.

    Returns:
        (N, latent_dim) int16; low and span, (latent_dim,) float64.
    """
    low, high = mean.min(axis=0).astype("float64"), mean.max(axis=0).astype("float64")
    # a latent that never varies: any span except 0 will do
    span = np.where(high > low, high - low, 1.0)
    numbers = np.rint((mean - low) / span * 65534 - 32767).astype("int16")
    if fine is not None:
        coarse = np.setdiff1d(np.arange(mean.shape[1]), fine)
        # the middle of each step
        numbers[:, coarse] = numbers[:, coarse] // 256 * 256 + 128
    return numbers, low, span


def background(images: np.ndarray) -> float:
    """Median brightness of the border of the images, in [0, 1]."""
    rows = np.concatenate([images[:, 0], images[:, -1]], axis=1)
    columns = np.concatenate([images[:, :, 0], images[:, :, -1]], axis=1)
    return float(np.median(np.concatenate([rows, columns], axis=1)))


def extent(images: np.ndarray) -> int | None:
    """The longer side of the foreground, if it is the same in all images.

    It is in MNIST, whose digits were scaled to 20 pixels and centred by mass: drawings should be
    treated alike.

    Args:
        images: (n, height, width, channels) in [0, 1].

    Returns:
        Pixels; None if the images differ.
    """
    differs = abs(images - background(images)).max(axis=-1) > 0.1
    sides = []
    for image in differs:
        if image.any():
            rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
            sides.append(1 + max(np.ptp(rows), np.ptp(columns)))
    # percentiles, as a few images are cropped or contain specks
    if not sides or np.subtract(*np.percentile(sides, [90, 10])) > 1:
        return None
    return round(float(np.median(sides)))
