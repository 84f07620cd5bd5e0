"""The meaning of the axes of z: how attributes (thickness, slant, ...) change along each of them.

Everything is measured on walks: from each base point of z, under each label, one latent takes
several positions while the others are constant, and the attributes of the decoded images are
measured. Slopes are least-squares estimates; the attributes in `style.py` are those of Castro et
al. 2019, Morpho-MNIST.
"""

from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError, check_finite, check_shape


@dataclass(frozen=True)
class AxisEffects:
    """The effect of each axis on each attribute; NaN where nothing could be measured.

    Attributes:
        slope: (latent_dim, num_attributes) units of the attribute per unit of z, averaged over the
            walks with equal weights of the labels.
        label_slopes: (num_labels, latent_dim, num_attributes) the slope under each label.
        same_sign: (latent_dim, num_attributes) share of the labels whose slope has the same sign as
            slope.
        agreement: (latent_dim, num_attributes) slope² per mean square of label_slopes: 1 if the
            axis has the same meaning under every label, 0 if its meanings cancel.
        linearity: (latent_dim, num_attributes) share of the variance along the walks that a
            straight line for each of them explains (R²).
        variance_share: (latent_dim, num_attributes) share of the axis in the attribute's variance
            along all walks; the axes sum to 1.
    """

    slope: np.ndarray
    label_slopes: np.ndarray
    same_sign: np.ndarray
    agreement: np.ndarray
    linearity: np.ndarray
    variance_share: np.ndarray


def measure_axes(values: np.ndarray, positions: np.ndarray) -> AxisEffects:
    """Least-squares slopes along the walks, and the variance that they explain.

    Args:
        values: (num_labels, num_base_points, latent_dim, num_positions, num_attributes), in the
            units of each attribute; NaN where it could not be measured, which is ignored.
        positions: (num_positions,) positions of the latent, in units of z.

    Raises:
        InputError: shapes that do not fit, or positions that are all equal.
    """
    steps, deviations, slopes = _fit_walks(values, positions)
    # both are centred, so that the line passes through 0
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
    """The change of the slope along one axis per unit of another axis.

    The slopes of the walks are regressed on the other latents of the base point, with an intercept
    for each label. For an attribute c z_i z_j, the interaction of i and j is c, in either order.

    Args:
        values: as in `measure_axes`.
        positions: as in `measure_axes`.
        base_points: (num_labels, num_base_points, latent_dim) base points of the walks; a walk
            along an axis replaces the coordinate on that axis.

    Returns:
        (latent_dim, latent_dim, num_attributes) float64, [i, j] for the slope along i and the
        position on j, in units of the attribute per square unit of z; NaN for i = j, and if too few
        walks could be measured.

    Raises:
        InputError: as in `measure_axes`, or base points that do not span all directions after
            subtracting the mean of their label.
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
            "Draw more points from the prior.",
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
        # otherwise lstsq would return the shortest of many solutions
        if rank == design.shape[1]:
            interactions[axis, others, attribute] = fitted[len(levels) :]
    return interactions


def _fit_walks(
    values: np.ndarray, positions: np.ndarray
) -> tuple[np.ma.MaskedArray, np.ma.MaskedArray, np.ma.MaskedArray]:
    """Centred positions and values of the walks, and slopes, without the axis of positions."""
    values = check_shape(np.asarray(values, "float64"), (None,) * 5, "the values along the walks")
    positions = check_shape(np.asarray(positions, "float64"), values.shape[3:4], "the positions")
    if not positions.size or np.ptp(check_finite(positions, "the positions")) == 0:
        raise InputError("the positions must differ", f"{positions}", "Pass two or more.")
    missing = ~np.isfinite(values)
    steps, deviations = (
        np.ma.array(np.broadcast_to(part, values.shape), mask=missing)
        for part in (positions[:, None], values)
    )
    deviations = deviations - deviations.min(axis=3, keepdims=True)  # equal values become exactly 0
    steps, deviations = (part - part.mean(axis=3, keepdims=True) for part in (steps, deviations))
    # a walk with at most one value has no slope: it is masked, with all divisions by 0
    return steps, deviations, (steps * deviations).sum(axis=3) / (steps**2).sum(axis=3)
