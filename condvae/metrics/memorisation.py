"""Memorisation: whether generated rows are closer to the training rows than new real ones are."""

from dataclasses import dataclass

import numpy as np

from condvae.checks import check_at_least, check_range
from condvae.metrics.inputs import check_rows


@dataclass(frozen=True)
class Memorisation:
    """Distances to the nearest training row, of generated rows compared with held-out ones.

    Attributes:
        farther: probability that a generated row is farther from its nearest training row than a
            held-out one; 0.5 for new rows of the data's distribution, 0 for copies.
        z_score: z-score of `farther` against 0.5 (Mann-Whitney U); far below 0 for copies, far
            above 0 for rows that are unlike the data.
        closer_share: share of the generated rows that are closer than all but `quantile` of the
            held-out ones; about `quantile` for new rows, and more if some are copies.
        quantile: that share of the held-out rows.
        pairs: (num_pairs, 2) a generated row and its nearest training row, closest pairs first.
        distances: (num_pairs,) distances of these pairs.
    """

    farther: float
    z_score: float
    closer_share: float
    quantile: float
    pairs: np.ndarray
    distances: np.ndarray


def compare_with_training(
    train: np.ndarray,
    held_out: np.ndarray,
    generated: np.ndarray,
    quantile: float = 0.01,
    num_pairs: int = 16,
) -> Memorisation:
    """The data-copying test: are generated rows closer to the training rows than held-out ones?

    Generated and held-out rows must be of the same kind: an expected image is smoother than a real
    one and therefore closer to every image, copied or not. Use samples, or features. The test is
    applied to all rows at once, without the cells of the paper: call it for each label for more
    detail.

    Args:
        train: (N, ...) the training rows, flattened for the Euclidean distance.
        held_out: (H, ...) real rows of the same distribution that the model did not see.
        generated: (M, ...), on the same scale: do not compare pixels of 0 to 255 with those of 0 to
            1.
        quantile: quantile of the held-out rows' distances, from 0 to 1.
        num_pairs: number of closest pairs to return, at most M.

    Raises:
        InputError: shapes that do not fit, no rows, or values that are not finite.

    Source: Meehan, Chaudhuri & Dasgupta 2020, "A non-parametric test to detect data-copying in
    generative models".
    """
    train = _flatten(train, "the training rows")
    held_out = _flatten(held_out, "the held-out rows", train.shape[1])
    generated = _flatten(generated, "the generated rows", train.shape[1])
    check_range(np.array([quantile]), 0, 1, "the quantile")
    check_at_least(num_pairs, 0, "the number of pairs")
    nearest, distances = _find_nearest(train, generated)
    _, held_out_distances = _find_nearest(train, held_out)
    farther, z_score = _compare_ranks(distances, held_out_distances)
    closest = np.argsort(distances, kind="stable")[:num_pairs]
    return Memorisation(
        farther=farther,
        z_score=z_score,
        closer_share=float((distances < np.quantile(held_out_distances, quantile)).mean()),
        quantile=quantile,
        pairs=np.stack([closest, nearest[closest]], axis=1),
        distances=distances[closest],
    )


def _flatten(rows: np.ndarray, name: str, dim: int | None = None) -> np.ndarray:
    """The rows flattened to (N, dim) float64, checked."""
    rows = np.asarray(rows)
    return check_rows(rows.reshape(len(rows), -1) if rows.size else rows, name, dim)


def _find_nearest(train: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The index of the nearest training row of each row, and its distance."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=1).fit(train)
    nearest = search.kneighbors(rows, return_distance=False)[:, 0]
    # recomputed, since by the search's matrix products the distance of a copy is not 0
    return nearest, np.linalg.norm(rows - train[nearest], axis=1)


def _compare_ranks(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """P(first > second), where ties count half, and its z-score, computed as without ties."""
    m, n = len(first), len(second)
    # Mann-Whitney's U: averaging both sides makes a tie count half
    ends = (np.searchsorted(np.sort(second), first, side) for side in ("left", "right"))
    u = sum(end.sum() for end in ends) / 2
    return float(u / (m * n)), float((u - m * n / 2) / np.sqrt(m * n * (m + n + 1) / 12))
