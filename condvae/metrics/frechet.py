"""The Fréchet distance between generated and real rows, as two normal distributions of features."""

from typing import Any

import numpy as np

from condvae.checks import check_shape
from condvae.metrics.inputs import check_rows


def frechet_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """|m - m'|² + tr(C + C' - 2 (C C')^½), for means and covariances: the FID, for any features.

    Finite samples have a positive distance even if their distributions are equal, and a larger one
    for fewer rows: compare sets of equal size, and use a set of further real rows as a reference.

    Args:
        real: (N, dim) features, at least 2 rows.
        generated: (M, dim).

    Returns:
        Squared units of the features, at least 0.

    Raises:
        InputError: shapes that do not fit, fewer rows, or values that are not finite.

    Source: Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local
    Nash equilibrium", eq. 6; Dowson & Landau 1982.
    """
    real = check_rows(real, "the real rows", least=2)
    generated = check_rows(generated, "the generated rows", real.shape[1], least=2)
    (mean, root), (other_mean, other_root) = map(_fit_gaussian, (real, generated))
    # tr (C C')^½ is the sum of the singular values of R R'ᵀ for any square roots R: no matrix root
    # is computed, so that singular covariances keep their precision
    shared = np.linalg.svd(root @ other_root.T, compute_uv=False).sum()
    distance = ((mean - other_mean) ** 2).sum() + (root**2).sum() + (other_root**2).sum()
    # rounding may make the distance of equal sets negative
    return max(0.0, float(distance - 2 * shared))


def frechet_distance_by_class(
    real: np.ndarray,
    real_labels: np.ndarray,
    generated: np.ndarray,
    generated_labels: np.ndarray,
) -> dict[Any, float]:
    """`frechet_distance` for the rows of each label; rows of another label increase it.

    Args:
        real: (N, dim) features.
        real_labels: (N,) values that can be compared; all of them are measured.
        generated: (M, dim).
        generated_labels: (M,) the labels that were requested.

    Raises:
        InputError: as in `frechet_distance`, or a label with fewer than 2 rows on either side.
    """
    sides = {}
    for name, rows, labels in (
        ("real", real, real_labels),
        ("generated", generated, generated_labels),
    ):
        rows = check_rows(rows, f"the {name} rows")
        sides[name] = rows, check_shape(np.asarray(labels), (len(rows),), f"the {name} labels")
    distances = {}
    for label in np.unique(sides["real"][1]).tolist():
        of_label = (
            check_rows(rows[labels == label], f"the {name} rows of {label!r}", least=2)
            for name, (rows, labels) in sides.items()
        )
        distances[label] = frechet_distance(*of_label)
    return distances


def _fit_gaussian(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean, and a matrix R with RᵀR the covariance (that of N - 1)."""
    mean = rows.mean(axis=0)
    # QR decomposition of the rows, without forming their squares
    return mean, np.linalg.qr(rows - mean, mode="r") / np.sqrt(len(rows) - 1)
