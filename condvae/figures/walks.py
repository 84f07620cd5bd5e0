"""Paths through the latent space and along the labels: functions of arrays, without a model.

The rows of a walk are in reading order: the first is drawn at the top left. Axes of z are counted
from 0 here, and from 1 (z1, z2) in the figures.
"""

from collections.abc import Sequence

import numpy as np

from condvae.checks import InputError


def plane_grid(
    side: int = 8, extent: float = 1.5, latent_dim: int = 2, axes: Sequence[int] = (0, 1)
) -> np.ndarray:
    """An even grid over the plane of two latents, with the others at 0.

    As in a plot, the first of `axes` is horizontal, with -extent on the left, and the second
    vertical, with -extent at the bottom. With a single axis the grid is one row, left to right.

    Args:
        side: points along each axis.
        extent: largest |z|, in standard deviations of a standard normal prior.
        latent_dim: size of z.
        axes: one or two different latents, each below latent_dim.

    Returns:
        (side ** len(axes), latent_dim) float32.

    Raises:
        InputError: axes that z does not have.
    """
    axes = list(axes)
    in_range = all(0 <= axis < latent_dim for axis in axes)
    if not in_range or len(axes) not in (1, 2) or len(set(axes)) < len(axes):
        raise InputError(
            f"axes must be one or two different latents from 0 to {latent_dim - 1}",
            f"{axes}",
            "Choose others.",
        )
    values = np.linspace(-extent, extent, side)
    z = np.zeros((side ** len(axes), latent_dim), dtype="float32")
    # rows start at the top
    across_and_up = np.meshgrid(values, *[values[::-1]] * (len(axes) - 1))
    z[:, axes] = np.stack(across_and_up, axis=-1).reshape(len(z), -1)
    return z


def axis_traversal(latent_dim: int, axis: int, values: Sequence[float] | np.ndarray) -> np.ndarray:
    """One latent through the values, with the others at 0: (len(values), latent_dim) float32."""
    z = np.zeros((len(values), latent_dim), dtype="float32")
    z[:, axis] = values
    return z


def interpolate(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """The straight line from start to end, both included.

    Args:
        start: (..., dim).
        end: same shape.
        steps: points on the line.

    Returns:
        (..., steps, dim) float32.
    """
    return np.linspace(start, end, steps, axis=-2, dtype="float32")


def label_walk(num_classes: int, steps_per_label: int, hold: int = 0) -> np.ndarray:
    """From the first label to the last through mixtures of neighbours.

    The weights of row t are those of a point that slides along the number line of the labels'
    codes: 3.25 is three quarters of label 3 and one quarter of label 4.

    Args:
        num_classes: labels on the line.
        steps_per_label: rows from one label to the next.
        hold: additional rows at each label.

    Returns:
        ((num_classes - 1) * steps_per_label + 1 + num_classes * hold, num_classes) float32;
        each row sums to one.

    Source: github.com/nnormandin/Conditional_VAE, the animation of its number line.
    """
    codes = np.arange(num_classes)
    slide = np.arange(steps_per_label) / steps_per_label
    rests = [np.concatenate([np.full(hold, code), code + slide]) for code in codes[:-1]]
    position = np.concatenate([*rests, np.full(hold + 1, codes[-1])])
    return np.maximum(0, 1 - np.abs(position[:, None] - codes)).astype("float32")
