"""What latents of a model of handwriting mean: which attribute each axis moves, by how much.

The notebook's author guessed that one latent makes digits narrower and the other leans them; here
it is measured. Attributes are those of Morpho-MNIST, see `measures.style`.
"""

from dataclasses import dataclass

import numpy as np

from condvae.data import Dataset
from condvae.evaluation.doctor import can_examine
from condvae.measures.axes import AxisEffects, measure_axes
from condvae.measures.latent import latent_activity
from condvae.measures.style import NAMES, measure_style
from condvae.runs import Run

ATTRIBUTES = NAMES[:5]
POSITIONS = np.linspace(-2, 2, 5)
LEAST_SIDE = 16
NUM_POINTS = 6
MOST_AXES = 8
NUM_TRANSFERRED = 500
# An axis is called by an attribute where it makes that much of the attribute's variance.
LEAST_SHARE = 0.4


@dataclass(frozen=True)
class StyleQuality:
    """How styles depend on z, and outlive a change of the label.

    Attributes:
        axes: of z, from 0, the most active first.
        effects: of these axes on ATTRIBUTES; thickness, length, width and height in pixels, slant
            in radians.
        kept: {attribute: correlation} between real images and their transfer to another label.
        num_images: decoded for the effects.
        num_transferred: images in `kept`.
        comparability: data, split and number of images.
    """

    axes: tuple[int, ...]
    effects: AxisEffects
    kept: dict[str, float]
    num_images: int
    num_transferred: int
    comparability: str

    def figures(self) -> dict[str, object]:
        """The same, flat."""
        slopes = {
            f"z{axis + 1}_{name}_per_unit": float(self.effects.slope[row, column])
            for row, axis in enumerate(self.axes)
            for column, name in enumerate(ATTRIBUTES)
        }
        kept = {f"kept_{name}": value for name, value in self.kept.items()}
        moves = {f"z{axis + 1}_moves": name for axis, name in self.moves.items()}
        return {**slopes, **kept, **moves, "style_comparability": self.comparability}

    @property
    def moves(self) -> dict[int, str]:
        """{axis: the attribute that it moves most}, of the axes that one can be named for."""
        found = {}
        for axis, shares in zip(self.axes, self.effects.variance_share, strict=True):
            shares = np.nan_to_num(shares)
            if shares.max() >= LEAST_SHARE:
                found[axis] = ATTRIBUTES[int(shares.argmax())]
        return found

    def __str__(self) -> str:
        lines = []
        for row, axis in enumerate(self.axes):
            shares = np.nan_to_num(self.effects.variance_share[row])
            by_weight = np.argsort(-shares)[:2]
            told = ", ".join(
                f"{ATTRIBUTES[column]} {self.effects.slope[row, column]:+.2f} per unit "
                f"({shares[column]:.0%} of its variance, same sign under "
                f"{self.effects.same_sign[row, column]:.0%} of the labels)"
                for column in by_weight
            )
            lines.append(f"z{axis + 1}: {told}")
        kept = ", ".join(f"{name} {value:.2f}" for name, value in self.kept.items())
        lines.append(
            f"style kept when the label changes, correlation over {self.num_transferred:,} "
            f"images: {kept}"
        )
        return "\n".join([*lines, f"({self.comparability})"])


def can_measure_style(run: Run) -> bool:
    """Whether a run is on grey images of classes that are large enough for strokes."""
    *size, channels = run.record.preprocessing.image_shape
    return can_examine(run) and channels == 1 and min(size) >= LEAST_SIDE


def evaluate_style(run: Run, dataset: Dataset, split: str = "test", seed: int = 0) -> StyleQuality:
    """Walks along the most active axes from points of the prior, under every label; transfer.

    Args:
        split: whose images are transferred: "validation" or "test".
        seed: of the points and of the other labels.
    """
    images, model = getattr(run.check_data(dataset), split), run.model
    labels = run.record.classes.categories
    x, y = images.x[:NUM_TRANSFERRED], np.asarray(images.y[:NUM_TRANSFERRED])
    mean, _ = model.encode(x, y, seed)
    axes = np.argsort(-latent_activity(mean))[:MOST_AXES]
    decoded = np.stack(
        [decode_walks(run, label, axes, seed) for label in labels]
    )  # (label, point, axis, position, ...)
    lead = decoded.shape[:4]
    found = measure_style(decoded.reshape(-1, *decoded.shape[4:]))
    values = np.stack([found[name].reshape(lead) for name in ATTRIBUTES], axis=-1)
    codes = run.record.classes.codes(y)
    shift = np.random.default_rng(seed).integers(1, len(labels), len(codes))
    others = np.asarray(labels)[(codes + shift) % len(labels)]
    own, transferred = measure_style(x), measure_style(model.transfer(x, y, others, seed))
    return StyleQuality(
        axes=tuple(int(axis) for axis in axes),
        effects=measure_axes(values, POSITIONS),
        kept={name: correlation(own[name], transferred[name]) for name in ATTRIBUTES},
        num_images=int(np.prod(lead)),
        num_transferred=len(x),
        comparability=run.comparability(
            split, f"Morpho-MNIST measures of {np.prod(lead):,} decoded and {len(x):,} real images"
        ),
    )


def decode_walks(run: Run, label: str, axes: np.ndarray, seed: int = 0) -> np.ndarray:
    """(points, axes, positions, *image_shape) expected images on walks under a label."""
    points = run.model.sample_prior(label, NUM_POINTS, seed)
    z = np.tile(points[:, None, None], (1, len(axes), len(POSITIONS), 1))
    for row, axis in enumerate(axes):
        z[:, row, :, axis] = POSITIONS
    decoded = run.model.decode(z.reshape(-1, z.shape[-1]), label)
    return decoded.reshape(*z.shape[:3], *decoded.shape[1:])


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of the pairs that could be measured."""
    both = np.isfinite(a) & np.isfinite(b)
    return float(np.corrcoef(a[both], b[both])[0, 1])
