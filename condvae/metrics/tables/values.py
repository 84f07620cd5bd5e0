"""Whether synthetic rows keep rare words, and hold values that no real row has."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from condvae.metrics.tables.columns import check_alike, is_missing, is_text

RARE = 0.01  # share of the rows


@dataclass(frozen=True)
class Words:
    """Words of the columns of text, each counted where it stands in any row.

    Attributes:
        rare: words in less than 1 % of the real rows.
        kept: of them those that are in a synthetic row.
        lost: the others, (column, word), the commonest first.
        unknown: share of the synthetic rows with a word that no real row has.
    """

    rare: int
    kept: int
    lost: tuple[tuple[str, str], ...]
    unknown: float


@dataclass(frozen=True)
class Ranges:
    """Numbers against the smallest and largest real ones.

    Attributes:
        outside: share of the synthetic rows with a number beyond them.
        by_column: the same of each column that has any.
    """

    outside: float
    by_column: Mapping[str, float]


def compare_words(
    real: Mapping[str, np.ndarray], synthetic: Mapping[str, np.ndarray], rare: float = RARE
) -> Words:
    """Which rare words are kept, and how many rows have unknown ones; missing is no word.

    Args:
        real: (N,) numbers or text by name.
        synthetic: (M,) of the same names and kinds, best as many.
        rare: below which share of the real rows a word is.

    Raises:
        InputError: tables that do not fit.
    """
    real, synthetic = check_alike(real=real, synthetic=synthetic)
    seldom, unknown = [], np.zeros(len(next(iter(synthetic.values()))), bool)
    kept = 0
    lost = []
    for name, values in real.items():
        if not is_text(values):
            continue
        words, counts = np.unique(values[values != ""], return_counts=True)
        few = counts < rare * len(values)
        seldom += words[few].tolist()
        there = np.isin(words[few], synthetic[name])
        kept += int(there.sum())
        counted = zip(counts[few][~there].tolist(), words[few][~there].tolist(), strict=True)
        lost += [(-count, name, word) for count, word in counted]
        unknown |= ~np.isin(synthetic[name], words) & ~is_missing(synthetic[name])
    return Words(
        len(seldom),
        kept,
        tuple((name, word) for _, name, word in sorted(lost)),
        float(unknown.mean()),
    )


def compare_ranges(real: Mapping[str, np.ndarray], synthetic: Mapping[str, np.ndarray]) -> Ranges:
    """Share of rows with a number outside the real rows' range.

    Args:
        real: (N,) numbers or text by name.
        synthetic: (M,) of the same names and kinds.

    Raises:
        InputError: tables that do not fit.
    """
    real, synthetic = check_alike(real=real, synthetic=synthetic)
    outside = {}
    for name, values in real.items():
        known = np.empty(0) if is_text(values) else values[~is_missing(values)]
        if len(known):  # NaN is neither below nor above
            outside[name] = (synthetic[name] < known.min()) | (synthetic[name] > known.max())
    return Ranges(
        float(np.any(list(outside.values()), axis=0).mean()) if outside else 0.0,
        {name: float(rows.mean()) for name, rows in outside.items() if rows.any()},
    )
