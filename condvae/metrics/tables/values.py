"""Rare words that synthetic rows preserve, and values that no real row has."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from condvae.metrics.tables.columns import check_alike, is_missing, is_text

RARE = 0.01  # largest share of the rows


@dataclass(frozen=True)
class Words:
    """Words in the columns of text, each counted once.

    Attributes:
        rare: words in less than 1 % of the real rows.
        kept: those of them that occur in a synthetic row.
        lost: the others, (column, word), the most frequent first.
        unknown: share of the synthetic rows with a word that no real row has.
    """

    rare: int
    kept: int
    lost: tuple[tuple[str, str], ...]
    unknown: float


@dataclass(frozen=True)
class Ranges:
    """Numbers compared with the smallest and largest real ones.

    Attributes:
        outside: share of the synthetic rows with a number outside of this range.
        by_column: the same for each column that has any.
    """

    outside: float
    by_column: Mapping[str, float]


def compare_words(
    real: Mapping[str, np.ndarray], synthetic: Mapping[str, np.ndarray], rare: float = RARE
) -> Words:
    """Which rare words are preserved, and how many rows have unknown ones; missing is not a word.

    Args:
        real: (N,) numbers or text by name.
        synthetic: (M,) with the same names and kinds, ideally equally many.
        rare: share of the real rows below which a word is rare.

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
    """Share of the rows with a number outside the range of the real rows.

    Args:
        real: (N,) numbers or text by name.
        synthetic: (M,) with the same names and kinds.

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
