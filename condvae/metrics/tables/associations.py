"""Associations between columns, and their distance from those of real columns."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from condvae.metrics.tables.columns import check_alike, is_missing


def correlation_distance(
    real: Mapping[str, np.ndarray], synthetic: Mapping[str, np.ndarray]
) -> float:
    """Mean absolute difference of `association_matrix` over all pairs of columns.

    Args:
        real: (N,) numbers or text by name.
        synthetic: (M,) with the same names and kinds.

    Returns:
        From 0 to 2; NaN for a single column, which has no pairs.

    Raises:
        InputError: as in `marginal_distance`.
    """
    real, synthetic = check_alike(real=real, synthetic=synthetic)
    difference = abs(association_matrix(real) - association_matrix(synthetic))  # (F, F)
    pairs = difference[np.triu_indices(len(real), k=1)]
    return float(pairs.mean()) if pairs.size else float("nan")


def association_matrix(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """The strength of association of each pair of columns, over the rows that have both values.

    For two columns of numbers: Spearman's correlation, in [-1, 1]. For two columns of text:
    Cramér's V, in [0, 1]. For one of each: the correlation ratio of the number's ranks given the
    word, in [0, 1]. The latter two are corrected for chance, so that tables of different lengths
    can be compared; since all of them use ranks or words, none depends on a column's scale. A
    constant column, and words that occur only once, have an association of 0.

    Args:
        columns: (N,) numbers (NaN: missing) or text ("": missing) by name.

    Returns:
        (F, F) float64, symmetric, ones on the diagonal.

    Raises:
        InputError: as in `marginal_distance`.

    Source: Spearman 1904; Bergsma 2013, "A bias-correction for Cramér's V"; Kelley 1935, "An
    unbiased correlation ratio measure", on ranks as Kruskal & Wallis 1952.
    """
    (columns,) = check_alike(columns=columns)
    matrix = np.eye(len(columns))
    for (i, first), (j, second) in combinations(enumerate(columns.values()), 2):
        both = ~is_missing(first) & ~is_missing(second)
        matrix[i, j] = matrix[j, i] = _association(first[both], second[both])
    return matrix


def _association(first: np.ndarray, second: np.ndarray) -> float:
    """The association of two columns without missing values."""
    if min(len(np.unique(first)), len(np.unique(second))) < 2:
        return 0.0
    match first.dtype.kind, second.dtype.kind:
        case "U", "U":
            return _cramers_v(first, second)
        case "U", _:
            return _correlation_ratio(first, _ranks(second))
        case _, "U":
            return _correlation_ratio(second, _ranks(first))
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0; equal values share their mean rank."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[places]


def _cramers_v(first: np.ndarray, second: np.ndarray) -> float:
    """Bergsma's: phi² minus its expectation under independence, relative to its maximum."""
    rows, columns = (np.unique(words, return_inverse=True)[1] for words in (first, second))
    n, r, k = len(rows), rows.max() + 1, columns.max() + 1
    # only cells that occur: a full table could have n² cells
    cells, observed = np.unique(rows * k + columns, return_counts=True)
    expected = np.bincount(rows)[cells // k] * np.bincount(columns)[cells % k]
    # cells that do not occur do not contribute to this form of chi² / n
    phi2 = (observed**2 / expected).sum() - 1
    corrected = phi2 - (r - 1) * (k - 1) / (n - 1)
    largest = min(size - 1 - (size - 1) ** 2 / (n - 1) for size in (r, k))
    return _root_of_share(corrected, largest)


def _correlation_ratio(words: np.ndarray, values: np.ndarray) -> float:
    """Kelley's: the root of the share of the variance explained by the words, minus chance."""
    codes = np.unique(words, return_inverse=True)[1]
    means = np.bincount(codes, values) / np.bincount(codes)
    if len(means) == len(values):
        return 0.0  # each row has its own word, which is not informative
    within = ((values - means[codes]) ** 2).sum() / (len(values) - len(means))
    return _root_of_share(values.var(ddof=1) - within, values.var(ddof=1))


def _root_of_share(part: float, whole: float) -> float:
    """sqrt(part / whole) clipped to [0, 1]; 0 if it is undefined, as with a word for each row."""
    return float(np.sqrt(np.clip(part / whole, 0, 1))) if whole > 0 else 0.0
