"""How strongly columns go together, and how far that is from how the real ones do."""

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
        synthetic: (M,) of the same names and kinds.

    Returns:
        From 0 to 2; NaN for one column, which makes no pair.

    Raises:
        InputError: as `marginal_distance`.
    """
    real, synthetic = check_alike(real=real, synthetic=synthetic)
    difference = abs(association_matrix(real) - association_matrix(synthetic))  # (F, F)
    pairs = difference[np.triu_indices(len(real), k=1)]
    return float(pairs.mean()) if pairs.size else float("nan")


def association_matrix(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """How strongly columns go together, two at a time, over the rows that have both.

    Two of numbers: Spearman's correlation, in [-1, 1]. Two of text: Cramér's V, in [0, 1]. One
    of each: the correlation ratio of the number's ranks given the word, in [0, 1]. The latter two
    are corrected for chance, so that tables of different length can be compared; as all work on
    ranks or words, none depends on a column's scale. A column of one value, and words
    that occur once each, go with none: 0.

    Args:
        columns: (N,) numbers (NaN: missing) or text ("": missing) by name.

    Returns:
        (F, F) float64, symmetric, ones on the diagonal.

    Raises:
        InputError: as `marginal_distance`.

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
    """How strongly two columns without missing values go together."""
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
    """Places from 0 in the sorted order; equal values share their mean place."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[places]


def _cramers_v(first: np.ndarray, second: np.ndarray) -> float:
    """Bergsma's: phi² less its expectation under independence, per the largest it can be."""
    rows, columns = (np.unique(words, return_inverse=True)[1] for words in (first, second))
    n, r, k = len(rows), rows.max() + 1, columns.max() + 1
    # the cells that occur: a table of them all could be as large as n²
    cells, observed = np.unique(rows * k + columns, return_counts=True)
    expected = np.bincount(rows)[cells // k] * np.bincount(columns)[cells % k]
    # cells that do not occur add nothing to this form of chi² / n
    phi2 = (observed**2 / expected).sum() - 1
    corrected = phi2 - (r - 1) * (k - 1) / (n - 1)
    largest = min(size - 1 - (size - 1) ** 2 / (n - 1) for size in (r, k))
    return _root_of_share(corrected, largest)


def _correlation_ratio(words: np.ndarray, values: np.ndarray) -> float:
    """Kelley's: the root of the share of the variance that the words explain, less chance."""
    codes = np.unique(words, return_inverse=True)[1]
    means = np.bincount(codes, values) / np.bincount(codes)
    if len(means) == len(values):
        return 0.0  # each row has a word of its own: that says nothing
    within = ((values - means[codes]) ** 2).sum() / (len(values) - len(means))
    return _root_of_share(values.var(ddof=1) - within, values.var(ddof=1))


def _root_of_share(part: float, whole: float) -> float:
    """sqrt(part / whole) within [0, 1]; 0 where nothing can be told, as of a word for each row."""
    return float(np.sqrt(np.clip(part / whole, 0, 1))) if whole > 0 else 0.0
