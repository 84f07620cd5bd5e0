"""What the axes of z mean: how attributes (thickness, slant, ...) change along each of them.

All is measured on walks: from each base point of z, under each label, one latent takes a few
positions while the others stay, and the attributes of what is decoded there are measured. Slopes
are least squares; the attributes of `style.py` are those of Castro et al. 2019, Morpho-MNIST.
"""

from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError, check_finite, check_shape


@dataclass(frozen=True)
class AxisEffects:
    """How each axis moves each attribute; NaN where nothing could be measured.

    Attributes:
        slope: (latent_dim, num_attributes) units of the attribute per unit of z, mean over the
            walks, each label weighing the same.
        label_slopes: (num_labels, latent_dim, num_attributes) the same under each label.
        same_sign: (latent_dim, num_attributes) share of the labels whose slope has slope's sign.
        agreement: (latent_dim, num_attributes) slope² per mean square of label_slopes: 1 where
            the axis means the same under every label, 0 where its meanings cancel.
        linearity: (latent_dim, num_attributes) share of the variance along the walks that a
            straight line for each of them explains (R²).
        variance_share: (latent_dim, num_attributes) the axis's part in the attribute's variance
            along all walks; the axes sum to 1.
    """

    slope: np.ndarray
    label_slopes: np.ndarray
    same_sign: np.ndarray
    agreement: np.ndarray
    linearity: np.ndarray
    variance_share: np.ndarray


def measure_axes(values: np.ndarray, positions: np.ndarray) -> AxisEffects:
    """Least-squares slopes along the walks, and what they explain.

    Args:
        values: (num_labels, num_base_points, latent_dim, num_positions, num_attributes), in the
            units of each attribute; NaN where it could not be measured, which is left out.
        positions: (num_positions,) where the latent stands, in units of z.

    Raises:
        InputError: shapes that do not fit, or positions that are all one.
    """
    steps, deviations, slopes = _fit_walks(values, positions)
    # both are without their means, so that the line goes through 0
    unexplained = deviations - slopes[:, :, :, None] * steps
    squares = (deviations**2).mean(axis=(0, 1, 3))
    label_slopes = slopes.mean(axis=1)  # over the base points
    slope = label_slopes.mean(axis=0)
    measured = {
        "slope": slope,
        "label_slopes": label_slopes,
        "same_sign": (np.sign(label_slopes) == np.sign(slope)).mean(axis=0),
        "agreement": slope**2 / (label_slopes**2).mean(axis=0),
        "linearity": 1 - (unexplained**2).mean(axis=(0, 1, 3)) / squares,
        "variance_share": squares / squares.sum(axis=0),
    }
    return AxisEffects(**{name: np.ma.filled(part, np.nan) for name, part in measured.items()})


def measure_interactions(
    values: np.ndarray, positions: np.ndarray, base_points: np.ndarray
) -> np.ndarray:
    """How much the slope along one axis changes per unit of another one.

    Least squares of the walks' slopes on the base point's other latents, with a level for each
    label. Of an attribute that is c z_i z_j the interaction of i and j is c, either way.

    Args:
        values: as in `measure_axes`.
        positions: as in `measure_axes`.
        base_points: (num_labels, num_base_points, latent_dim) where the walks stand; along its
            own axis a walk leaves the base point's place.

    Returns:
        (latent_dim, latent_dim, num_attributes) float64, [i, j] of the slope along i with the
        position on j, in units of the attribute per square unit of z; NaN for i = j, and where
        too few walks could be measured.

    Raises:
        InputError: as `measure_axes`, or base points that, each less the mean of its label's, do
            not span all directions.
    """
    *_, slopes = _fit_walks(values, positions)
    latent_dim, num_attributes = slopes.shape[2:]
    base_points = check_shape(np.asarray(base_points), slopes.shape[:3], "the base points")
    around = check_finite(base_points, "the base points") - base_points.mean(axis=1, keepdims=True)
    rank = np.linalg.matrix_rank(around.reshape(-1, latent_dim))
    if rank < latent_dim:
        raise InputError(
            f"the base points must span the {latent_dim} directions of z",
            f"{around[..., 0].size} points that span {rank}",
            "Draw more of them, from the prior.",
        )
    interactions = np.full((latent_dim, latent_dim, num_attributes), np.nan)
    for axis, attribute in np.ndindex(latent_dim, num_attributes):
        along = slopes[:, :, axis, attribute]
        label, point = np.nonzero(~np.ma.getmaskarray(along))
        # a column of ones for each label: slopes may differ between labels without an interaction
        levels = np.unique(label)[:, None] == label
        others = np.arange(latent_dim) != axis
        design = np.concatenate([levels.T, base_points[label, point][:, others]], axis=1)
        fitted, _, rank, _ = np.linalg.lstsq(design, along[label, point].filled(), rcond=None)
        # else lstsq would give the shortest of many answers
        if rank == design.shape[1]:
            interactions[axis, others, attribute] = fitted[len(levels) :]
    return interactions


def _fit_walks(
    values: np.ndarray, positions: np.ndarray
) -> tuple[np.ma.MaskedArray, np.ma.MaskedArray, np.ma.MaskedArray]:
    """Positions and values less their means over a walk; slopes, without the axis of positions."""
    values = check_shape(np.asarray(values, "float64"), (None,) * 5, "the values along the walks")
    positions = check_shape(np.asarray(positions, "float64"), values.shape[3:4], "the positions")
    if not positions.size or np.ptp(check_finite(positions, "the positions")) == 0:
        raise InputError("the positions must differ", f"{positions}", "Take two or more.")
    missing = ~np.isfinite(values)
    steps, deviations = (
        np.ma.array(np.broadcast_to(part, values.shape), mask=missing)
        for part in (positions[:, None], values)
    )
    deviations = deviations - deviations.min(axis=3, keepdims=True)  # equal values become 0 exactly
    steps, deviations = (part - part.mean(axis=3, keepdims=True) for part in (steps, deviations))
    # of a walk with one value or none there is no slope: masked, as is all that is divided by 0
    return steps, deviations, (steps * deviations).sum(axis=3) / (steps**2).sum(axis=3)
