"""Rows of a table as points with meaningful distances."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from condvae.metrics.tables.columns import codes_in, common_words, is_missing, is_text

MOST_WORDS = 200  # per column; rarer ones are joined to one more word
WORKING_MEMORY = 64  # MiB of distances at a time


@dataclass(frozen=True)
class Places:
    """Numbers by their rank among the reference rows, words as corners of a simplex.

    The distance of two numbers is the share of the reference rows between them, that of two words
    is 1; a missing value is a word too, at a distance of at least 1 from numbers. Thus columns do
    not depend on their units, a spike is one point, and outliers have a distance of at most 1. If
    rows of two kinds are compared, the reference must contain both equally: its own rows lie on a
    lattice of ranks that others miss.

    Attributes:
        order: the reference's numbers, sorted, without NaN; or its words, the most frequent first.
    """

    order: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, reference: Mapping[str, np.ndarray]) -> Self:
        """Places for reference rows."""
        return cls({name: _order(values) for name, values in reference.items()})

    def blocks(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """{name: (N, dim of the column)} float64 for rows with these columns."""
        return {name: _block(columns[name], order) for name, order in self.order.items()}

    def points(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """(N, dim) float64, the columns' blocks side by side."""
        return np.concatenate(list(self.blocks(columns).values()), axis=1)


def nearest(points: np.ndarray, among: np.ndarray, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Indices and distances of the k nearest of `among`, (N, k) each, nearest first."""
    from sklearn import config_context
    from sklearn.neighbors import NearestNeighbors

    with config_context(working_memory=WORKING_MEMORY):
        search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(among)
        found = search.kneighbors(points, return_distance=False)
    # recomputed, since by the search's matrix products the distance of a copy is not 0
    distances = np.stack([np.linalg.norm(points - among[col], axis=1) for col in found.T], axis=1)
    return found, distances


def _order(values: np.ndarray) -> np.ndarray:
    """Sorted numbers, or words by decreasing frequency."""
    if not is_text(values):
        return np.sort(values[~is_missing(values)])
    return common_words(values, MOST_WORDS)


def _block(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The coordinates of one column."""
    if is_text(values):
        codes = codes_in(values, order)
        return np.eye(len(order) + 1)[codes] / np.sqrt(2)
    missing = is_missing(values)
    ends = (np.searchsorted(order, values, side) for side in ("left", "right"))
    ranks = sum(ends, np.zeros(len(values))) / (2 * max(len(order), 1))
    return np.stack([np.where(missing, 0.5, ranks), missing], axis=1)
