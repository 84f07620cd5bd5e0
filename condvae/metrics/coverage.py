"""Whether generated rows lie where real ones do (fidelity), and everywhere there (diversity)."""

from dataclasses import dataclass

import numpy as np

from condvae.checks import check_at_least
from condvae.metrics.inputs import check_rows

WORKING_MEMORY = 64  # MiB of distances at once
# of a centre's own distance from the middle: what distances by matrix products are off by
ROUNDING = 1e-6


@dataclass(frozen=True)
class PrecisionRecall:
    """Shares of rows inside the other set's balls, from 0 to 1.

    Attributes:
        precision: of the generated rows, inside a ball of a real one.
        recall: of the real rows, inside a ball of a generated one.
    """

    precision: float
    recall: float


@dataclass(frozen=True)
class DensityCoverage:
    """How full the real rows' balls are.

    Attributes:
        density: real balls that a generated row lies in, mean over the generated rows, per k; 1
            in expectation where both are of one distribution, and without upper bound.
        coverage: share of the real rows' balls with a generated row in it, from 0 to 1; for as
            many rows of one distribution about 1 - 1 / 2^k.
    """

    density: float
    coverage: float


def precision_recall(real: np.ndarray, generated: np.ndarray, k: int = 3) -> PrecisionRecall:
    """Improved precision and recall: a row's ball reaches to its k-th nearest in its own set.

    Both fall with the number of rows and rise with outliers, around which balls are large:
    compare sets of one size, beside a set of further real rows.

    Args:
        real: (N, dim) features, Euclidean distances between which mean something.
        generated: (M, dim).
        k: neighbours, the row itself not counted.

    Raises:
        InputError: shapes that do not fit, k or fewer rows, or a value that is not finite.

    Source: Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing
    generative models".
    """
    real, generated = _check_sets(real, generated, k, least_generated=k + 1)
    return PrecisionRecall(
        precision=float((_count_balls(real, _reach(real, k), generated) > 0).mean()),
        recall=float((_count_balls(generated, _reach(generated, k), real) > 0).mean()),
    )


def density_coverage(real: np.ndarray, generated: np.ndarray, k: int = 5) -> DensityCoverage:
    """Density and coverage: only real rows have balls, so that generated outliers do no harm.

    Args:
        real: (N, dim) features, Euclidean distances between which mean something.
        generated: (M, dim).
        k: neighbours that a real row's ball reaches to, the row itself not counted.

    Raises:
        InputError: as `precision_recall`.

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
    """Both about the middle of the real rows, which keeps the digits of their distances."""
    check_at_least(k, 1, "k")
    real = check_rows(real, "the real rows", least=k + 1)
    generated = check_rows(generated, "the generated rows", real.shape[1], least_generated)
    middle = real.mean(axis=0)
    return real - middle, generated - middle


def _reach(rows: np.ndarray, k: int) -> np.ndarray:
    """(N,) distance from each row to its k-th nearest other one, and a little for rounding."""
    from sklearn.neighbors import NearestNeighbors

    # without an argument the row itself is no neighbour
    distances = NearestNeighbors(n_neighbors=k).fit(rows).kneighbors()[0]
    # distances by products are off by a share of the rows' lengths, not of the distance
    return distances[:, -1] + ROUNDING * np.linalg.norm(rows, axis=1)


def _count_balls(centres: np.ndarray, reach: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(M,) how many balls around (N, dim) centres each of (M, dim) points lies in."""
    from sklearn.metrics import pairwise_distances_chunked

    counts = pairwise_distances_chunked(
        points,
        centres,
        reduce_func=lambda distances, _: (distances <= reach).sum(axis=1),
        working_memory=WORKING_MEMORY,
    )
    return np.concatenate(list(counts))
