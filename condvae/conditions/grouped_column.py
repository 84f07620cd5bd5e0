"""A column of thousands of words, of which the networks see groups."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from condvae.conditions.cells import HIDDEN
from condvae.conditions.class_column import ClassColumn
from condvae.conditions.missing import is_missing

# columns with more words are grouped, and the states that they then have at most
MOST_STATES = 256
OWN_SHARE = 2 / MOST_STATES  # a word that at least this share of the rows has is a state of its own
UNSEEN = 0.5  # rows that a word counts as if no training row has it
LEAST_VARIANCE = 1e-6
MOST_INDICATORS = 32  # of the words of another column


class GroupedColumn(ClassColumn):
    """Words in groups, each of which is a state; a group's words are drawn by their own shares.

    p(word | z) = p(group | z) p(word | group): a distribution over all words, whose cost depends on
    the number of groups alone. Words of a group are those whose rows are alike in the other
    columns, so that what depends on the word is kept as far as the group shows it. The number
    beside the state is the word's place within the group: the middle of an interval as long as the
    word's share, all intervals together from -1/2 to 1/2. A uniform draw is thus a word.

    Attributes:
        groups: for each word the index of its group; groups are numbered from 0.
        middles: for each word the middle of its interval.
        widths: for each word the length of its interval, its share of the group.
    """

    kind: Literal["grouped"] = "grouped"
    groups: tuple[int, ...]
    middles: tuple[float, ...]
    widths: tuple[float, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not len(self.categories) == len(self.groups) == len(self.middles) == len(self.widths):
            raise ValueError("a grouped column must have a group and an interval for each word")
        return self

    @classmethod
    def of(cls, column: ClassColumn, values: np.ndarray, features: Iterable[np.ndarray]) -> Self:
        """A column of words, grouped.

        Args:
            values: (N,) its cells in the training rows, "" where empty.
            features: (N,) numbers each, what the other columns of these rows hold.
        """
        words = np.asarray(column.categories)
        known = ~is_missing(values)
        codes = np.searchsorted(words, values[known])
        groups, along = group_words(codes, (each[known] for each in features), len(words))
        counts = np.maximum(np.bincount(codes, minlength=len(words)), UNSEEN)
        order = np.lexsort((along, groups))
        shares = counts / np.bincount(groups, counts)[groups]
        ends = np.cumsum(shares[order])
        middles = np.empty(len(words))
        # the groups before make whole numbers of the sum
        middles[order] = ends - shares[order] / 2 - groups[order] - 0.5
        return cls(
            name=column.name,
            may_miss=column.may_miss,
            categories=column.categories,
            groups=tuple(groups.tolist()),
            middles=tuple(middles.tolist()),
            widths=tuple(shares.tolist()),
        )

    @property
    def num_values(self) -> int:
        """Number of the groups."""
        return len(self._layout[2]) - 1

    @property
    def has_place(self) -> bool:
        """Always: the place of the word within the group."""
        return True

    def numbers(self, values: np.ndarray) -> np.ndarray:
        """(batch,) float32 middles of the words' intervals; 0 for empty cells."""
        numbers, known = np.zeros(len(values), "float32"), ~is_missing(values)
        numbers[known] = np.asarray(self.middles)[super()._codes(values[known])]
        return numbers

    def log_slopes(self, codes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """(batch,) log-probabilities of the words, given their groups."""
        places = self._words(codes, numbers)
        widths = np.asarray([*self.widths, 1.0])
        return np.log(widths[places])

    def cells(self, codes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """(batch,) words, "" where empty."""
        return np.asarray([*self.categories, ""])[self._words(codes, numbers)]

    def for_page(self) -> dict[str, Any]:
        """Its words, one of which is chosen, and where each is."""
        places = {"groups": self.groups, "middles": self.middles, "widths": self.widths}
        return {**super().for_page(), **places}

    def _codes(self, values: np.ndarray) -> np.ndarray:
        """The groups of words."""
        return np.asarray(self.groups)[super()._codes(values)]

    def _words(self, codes: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """(batch,) indices of the words of groups and places; the number of words where empty."""
        order, begins, firsts = self._layout
        known = (codes != HIDDEN) & (codes < self.num_values)
        group = np.where(known, codes, 0)
        at = np.searchsorted(begins, group + numbers.astype("float64"), side="right") - 1
        # rounding must not leave the group
        words = order[np.clip(at, firsts[group], firsts[group + 1] - 1)]
        return np.where(known, words, len(order))

    @cached_property
    def _layout(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The words group by group, where their intervals begin, and each group's first place.

        The intervals of all groups are on one axis, on which the next group begins 1 later.
        """
        groups = np.asarray(self.groups)
        begins = groups + np.asarray(self.middles) - np.asarray(self.widths) / 2
        order = np.lexsort((begins, groups))
        firsts = np.searchsorted(groups[order], np.arange(groups.max() + 2))
        return order, begins[order], firsts


def features_of(columns: Mapping[str, np.ndarray]) -> Iterator[np.ndarray]:
    """The cells of columns as numbers, (N,) each: ranks, and indicators of the frequent words."""
    for values in columns.values():
        _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
        if values.dtype.kind != "U":
            yield ((np.cumsum(counts) - counts / 2) / len(values))[codes]
            continue
        for code in np.argsort(-counts, kind="stable")[:MOST_INDICATORS]:
            yield (codes == code).astype("float64")


def group_words(
    codes: np.ndarray, features: Iterable[np.ndarray], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Groups of words whose rows are alike.

    Frequent words are groups of their own. The others are represented by the means of their rows,
    which are shrunk towards the mean of all rows, more so for words of few rows and for features
    that hardly depend on the word, and divided by the spread within words; then the set with the
    largest sum of squares is divided, repeatedly, at the mean along its principal axis.

    Args:
        codes: (N,) the word of each row.
        features: (N,) numbers each, what else the rows hold.
        count: number of words.

    Returns:
        (count,) groups from 0, and (count,) positions along an axis within each group.

    Source: Boley 1998, "Principal direction divisive partitioning"; Morris 1983 (the shrinkage).
    """
    counts = np.bincount(codes, minlength=count)
    frequent = counts >= OWN_SHARE * len(codes)
    shrunk = [_shrunk_means(codes, each, counts) for each in features]
    seen = np.stack(shrunk, axis=1) if shrunk else np.zeros((count, 1))

    groups, along = np.zeros(count, int), np.zeros(count)
    alone = int(np.count_nonzero(frequent))
    groups[frequent] = np.arange(alone)
    (rest,) = np.nonzero(~frequent)
    weights = np.maximum(counts, UNSEEN)
    parts = [_Part(rest, seen, weights)] if len(rest) else []
    while len(parts) + alone < MOST_STATES:
        largest = max(range(len(parts)), key=lambda place: parts[place].squares, default=None)
        if largest is None or len(parts[largest].words) < 2:
            break
        part = parts.pop(largest)
        parts += [_Part(words, seen, weights) for words in part.halves()]
    for number, part in enumerate(parts, alone):
        groups[part.words], along[part.words] = number, part.along
    return groups, along


def _shrunk_means(codes: np.ndarray, feature: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(count,) shrunk means of a feature by word, in units of the deviation within words."""
    seen, centred = counts > 0, feature - feature.mean()
    means = np.bincount(codes, centred, len(counts)) / np.maximum(counts, 1)
    within = ((centred - means[codes]) ** 2).sum() / max(1, len(codes) - np.count_nonzero(seen))
    within = max(within, LEAST_VARIANCE)
    # the variance of means is that between words, and that of the noise in a mean
    between = max((means[seen] ** 2).mean() - within * np.mean(1 / counts[seen]), 0.0)
    trust = between / (between + within / np.maximum(counts, UNSEEN))
    return trust * means / np.sqrt(within)


class _Part:
    """A set of words, and their positions along its principal axis."""

    def __init__(self, words: np.ndarray, features: np.ndarray, weights: np.ndarray):
        self.words, weight = words, weights[words]
        centred = features[words] - np.average(features[words], axis=0, weights=weight)
        values, axis = principal_axis(centred, weight)
        self.along = centred @ (axis * np.sign(axis[np.abs(axis).argmax()]))
        self.squares = float(values[-1]) if len(words) > 1 else -1.0
        self._weights = weight

    def halves(self) -> tuple[np.ndarray, np.ndarray]:
        """The words on either side of the mean; of equal words, as many rows on each."""
        above = self.along > 0
        if above.all() or not above.any():
            shares = np.cumsum(self._weights) / self._weights.sum()
            above = np.arange(len(self.words)) >= np.clip(
                np.searchsorted(shares, 0.5), 1, len(self.words) - 1
            )
        return self.words[~above], self.words[above]


def principal_axis(centred: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Increasing eigenvalues of the weighted sum of squares, and the axis of the last one."""
    if len(centred) >= centred.shape[1]:
        values, vectors = np.linalg.eigh((weight[:, None] * centred).T @ centred)
        return values, vectors[:, -1]
    # the products of few rows have the same eigenvalues, but for those that are 0
    rows = np.sqrt(weight)[:, None] * centred
    values, vectors = np.linalg.eigh(rows @ rows.T)
    axis = rows.T @ vectors[:, -1]
    return values, axis / (np.linalg.norm(axis) or 1.0)
