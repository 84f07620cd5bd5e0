"""The meaning of latents in models of handwriting: which attribute each axis changes, by how much.

The author of the original notebook guessed that one latent makes digits narrower and the other
slants them; here this is measured. Attributes are those of Morpho-MNIST, see `measures.style`.
"""

from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError
from condvae.inference.trained import TrainedModel
from condvae.metrics.axes import AxisEffects, measure_axes, measure_interactions
from condvae.metrics.latent import latent_activity
from condvae.metrics.style import measure_style

# the units of the attributes
ATTRIBUTES = {"thickness": "px", "slant": "rad", "length": "px", "width": "px", "height": "px"}
POSITIONS = np.linspace(-2, 2, 5)  # positions of a walk, in standard deviations of a latent
LEAST_SIDE = 16
MOST_AXES = 8
NUM_POINTS, LEAST_POINTS = 60, 2  # points over all labels, and for each label
NUM_DRAWS = 1_000  # draws from the prior, for the standard deviations
# an axis is named after an attribute if one standard deviation of the axis changes it by this many
# standard deviations of real images, in one direction under this share of the labels
LEAST_EFFECT, LEAST_SAME_SIGN = 0.25, 0.8


@dataclass(frozen=True)
class Handwriting:
    """The dependence of attributes on z, and their preservation under a change of the label.

    Attributes:
        axes: indices of latents from 0, the most active first.
        scale: (num_axes,) standard deviations of these latents under the prior over all labels:
            about 1 for standard normal latents.
        labels: names of the classes.
        effects: effects of these axes, per unit of scale, on ATTRIBUTES; thickness, length, width
            and height in pixels, slant in radians.
        interactions: (num_axes, num_axes, num_attributes) of the same axes, as in
            `measure_interactions`.
        spread: (num_attributes,) standard deviations over the real images.
        before: (num_images, num_attributes) of the real images, minus the mean of their label.
        after: the same for their transfer to another label, drawn at random.
        num_decoded: number of images on the walks.
    """

    axes: tuple[int, ...]
    scale: np.ndarray
    labels: tuple[str, ...]
    effects: AxisEffects
    interactions: np.ndarray
    spread: np.ndarray
    before: np.ndarray
    after: np.ndarray
    num_decoded: int

    @property
    def kept(self) -> dict[str, float]:
        """The correlation of `before` and `after` by attribute; NaN for constant values."""
        pairs = zip(self.before.T, self.after.T, strict=True)
        return {name: _correlate(*pair) for name, pair in zip(ATTRIBUTES, pairs, strict=True)}

    @property
    def per_unit(self) -> np.ndarray:
        """(num_axes, num_attributes) units of the attribute per unit of z."""
        return self.effects.slope / self.scale[:, None]

    @property
    def strength(self) -> np.ndarray:
        """(num_axes, num_attributes) effect of one standard deviation of the latent.

        It is in standard deviations of real images, so that pixels and radians are comparable, and
        0 where the direction is not the same under 80 % of the labels. It names an axis and orders
        its attributes.
        """
        moved = np.nan_to_num(abs(self.effects.slope) / self.spread)
        return np.where(self.effects.same_sign < LEAST_SAME_SIGN, 0, moved)

    @property
    def meanings(self) -> list[dict[str, object]]:
        """The attribute that each axis changes most.

        Each entry is {"latent", "attribute", "per_unit", "unit"}: the latent, counted from 0, and
        the change of the attribute per unit of z. The attribute is None if a standard deviation of
        the latent changes none by 0.25 standard deviations of real images in one direction under 80
        % of the labels.
        """
        found: list[dict[str, object]] = []
        for row, (axis, strength) in enumerate(zip(self.axes, self.strength, strict=True)):
            meaning: dict[str, object] = {"attribute": None, "per_unit": None, "unit": None}
            column = int(strength.argmax())
            if strength[column] >= LEAST_EFFECT:
                name, unit = list(ATTRIBUTES.items())[column]
                per_unit = float(self.per_unit[row, column])
                meaning = {"attribute": name, "per_unit": per_unit, "unit": unit}
            found.append({"latent": axis, **meaning})
        return found


def has_handwriting(model: TrainedModel) -> bool:
    """Whether a model is of grey images of classes, large enough for measuring strokes."""
    classes, network = model.condition.classes, model.keras_model
    if classes is None or classes.num_classes < 2 or model.table is not None:
        return False
    *size, channels = model.image_shape
    in_unit_interval = network.likelihood.x_range == (0.0, 1.0)
    return model.latent_dim > 0 and channels == 1 and min(size) >= LEAST_SIDE and in_unit_interval


def measure_handwriting(
    model: TrainedModel, x: np.ndarray, y: np.ndarray, seed: int = 0
) -> Handwriting:
    """Measure walks along the most active axes from points of the prior, and transfers.

    Args:
        x: real images, which are transferred and determine the active axes.
        y: their labels.
        seed: seed of the points and of the target labels.

    Raises:
        InputError: `has_handwriting` is False for the model.
    """
    if not has_handwriting(model):
        raise InputError(
            f"handwriting requires grey images of two or more classes, at least {LEAST_SIDE} "
            "pixels per side, with pixels in [0, 1]",
            f"a model of {model.image_shape} given {model.condition}",
            "Use another run.",
        )
    classes, y = model.classes, np.asarray(y)
    mean, _ = model.encode(x, y, seed)
    axes = np.argsort(-latent_activity(mean))[:MOST_AXES]
    points, middle, scale = draw_points(model, seed)
    walks = middle[axes] + scale[axes] * POSITIONS[:, None]
    values = _measure(decode_walks(model, points, axes, walks))
    codes = classes.codes(y)
    # never 0, so that each image gets a different label
    shift = np.random.default_rng(seed).integers(1, classes.dim, len(codes))
    others = (codes + shift) % classes.dim
    transferred = model.transfer(x, y, np.asarray(classes.categories)[others], seed)
    before, after = _measure(x), _measure(transferred)
    return Handwriting(
        axes=tuple(axes.tolist()),
        scale=scale[axes],
        labels=tuple(classes.categories),
        effects=measure_axes(values, POSITIONS),
        interactions=measure_interactions(values, POSITIONS, (points / scale)[:, :, axes]),
        spread=np.ma.masked_invalid(before).std(axis=0).filled(np.nan),
        # labels differ in thickness and slant: style is the variation within a label
        before=_less_label_means(before, codes),
        after=_less_label_means(after, others),
        num_decoded=values[..., 0].size,
    )


def draw_points(model: TrainedModel, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws from the prior under every label, and mean and standard deviation of many such draws.

    Returns:
        (labels, points, latent_dim), (latent_dim,) and (latent_dim,).
    """
    labels = model.classes.categories
    each = max(LEAST_POINTS, NUM_POINTS // len(labels))
    draws = max(each, NUM_DRAWS // len(labels))
    z = model.sample_prior(np.repeat(labels, draws), len(labels) * draws, seed)
    points = z.reshape(len(labels), draws, -1)[:, :each]
    return points, z.mean(axis=0), z.std(axis=0)


def decode_walks(
    model: TrainedModel, points: np.ndarray, axes: np.ndarray, walks: np.ndarray
) -> np.ndarray:
    """(labels, points, axes, positions, *image_shape) expected images on walks from the points.

    Args:
        walks: (positions, axes) values of the latents.
    """
    z = np.tile(points[:, :, None, None], (1, 1, len(axes), len(walks), 1))
    for row, axis in enumerate(axes):
        z[:, :, row, :, axis] = walks[:, row]
    *lead, latent_dim = z.shape
    labels = np.repeat(model.classes.categories, z[0, ..., 0].size)
    decoded = model.decode(z.reshape(-1, latent_dim), labels)
    return decoded.reshape(*lead, *decoded.shape[1:])


def _measure(images: np.ndarray) -> np.ndarray:
    """(..., num_attributes) of images (..., height, width, 1)."""
    found = measure_style(images.reshape(-1, *images.shape[-3:]))
    values = np.stack([found[name] for name in ATTRIBUTES], axis=-1)
    return values.reshape(*images.shape[:-3], -1)


def _less_label_means(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(N, num_attributes) values minus the mean of their label."""
    values = np.ma.masked_invalid(values)
    for code in np.unique(codes):
        values[codes == code] -= values[codes == code].mean(axis=0)
    return values.filled(np.nan)


def _correlate(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's correlation over pairs without NaN; NaN if one of them is constant."""
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2 or not (np.ptp(a[both]) and np.ptp(b[both])):
        return float("nan")
    return float(np.corrcoef(a[both], b[both])[0, 1])
