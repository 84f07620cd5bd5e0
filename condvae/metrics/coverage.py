"""Whether generated rows resemble real ones (fidelity), and cover all of them (diversity)."""

from dataclasses import dataclass

import numpy as np

from condvae.checks import check_at_least
from condvae.metrics.inputs import check_rows

WORKING_MEMORY = 64  # MiB of distances at a time
# rounding error of distances by matrix products, relative to a centre's distance from the middle
ROUNDING = 1e-6


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares of rows that are inside balls around rows of the other set, from 0 to 1.

    Attributes:
        precision: share of the generated rows inside a ball around a real one.
        recall: share of the real rows inside a ball around a generated one.
    """

    precision: float
    recall: float


@dataclass(frozen=True)
class DensityCoverage:
    """Occupancy of the balls around real rows.

    Attributes:
        density: number of real balls that contain a generated row, averaged over the generated rows
            and divided by k; 1 in expectation if both sets have the same distribution, and
            unbounded.
        coverage: share of the real rows' balls that contain a generated row, from 0 to 1; about 1 -
            1 / 2^k for equally many rows of the same distribution.
    """

    density: float
    coverage: float


def precision_recall(real: np.ndarray, generated: np.ndarray, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall: a row's ball extends to its k-th nearest in its own set.

    Both decrease with the number of rows and increase with outliers, whose balls are large: compare
    sets of equal size, and use a set of further real rows as a reference.

    Args:
            real: (N, dim) features with meaningful Euclidean distances.
            generated: (M, dim).
            k: number of neighbours, not counting the row itself.

        Raises:
            InputError: shapes that do not fit, k or fewer rows, or values that are not finite.

    Source: Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing
    generative models".
    """
    real, generated = _check_sets(real, generated, k, least_generated=k + 1)
    return PrecisionRecall(
        precision=float((_count_balls(real, _reach(real, k), generated) > 0).mean()),
        recall=float((_count_balls(generated, _reach(generated, k), real) > 0).mean()),
    )


def density_coverage(real: np.ndarray, generated: np.ndarray, k: int = 5) -> DensityCoverage:
    """Density and coverage: only real rows have balls, so that generated outliers have no effect.

    Args:
        real: (N, dim) features with meaningful Euclidean distances.
        generated: (M, dim).
        k: number of the neighbour to which a real row's ball extends, not counting the row itself.

    Raises:
        InputError: as in `precision_recall`.

    Source: Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models",
    section 3.
    """
    from sklearn.neighbors import NearestNeighbors

    real, generated = _check_sets(real, generated, k, least_generated=1)
    reach = _reach(real, k)
    nearest = NearestNeighbors(n_neighbors=1).fit(generated).kneighbors(real)[0][:, 0]
    return DensityCoverage(
        density=float(_count_balls(real, reach, generated).mean() / k),
        coverage=float((nearest <= reach).mean()),
    )


def _check_sets(
    real: np.ndarray, generated: np.ndarray, k: int, least_generated: int
) -> tuple[np.ndarray, np.ndarray]:
    """Both sets, centred on the real rows' middle, which keeps the precision of distances."""
    check_at_least(k, 1, "k")
    real = check_rows(real, "the real rows", least=k + 1)
    generated = check_rows(generated, "the generated rows", real.shape[1], least_generated)
    middle = real.mean(axis=0)
    return real - middle, generated - middle


def _reach(rows: np.ndarray, k: int) -> np.ndarray:
    """(N,) distance from each row to its k-th nearest neighbour, enlarged by the rounding error."""
    from sklearn.neighbors import NearestNeighbors

    # without an argument, the row itself is not a neighbour
    distances = NearestNeighbors(n_neighbors=k).fit(rows).kneighbors()[0]
    # the error of distances by matrix products is relative to the norms of the rows
    return distances[:, -1] + ROUNDING * np.linalg.norm(rows, axis=1)


def _count_balls(centres: np.ndarray, reach: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(M,) number of balls around (N, dim) centres that contain each of (M, dim) points."""
    from sklearn.metrics import pairwise_distances_chunked

    counts = pairwise_distances_chunked(
        points,
        centres,
        reduce_func=lambda distances, _: (distances <= reach).sum(axis=1),
        working_memory=WORKING_MEMORY,
    )
    return np.concatenate(list(counts))
