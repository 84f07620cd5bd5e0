"""Pairs of frequent values that almost never occur together in real rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from condvae.metrics.tables.columns import check_alike, is_missing, is_text, num_rows

SPIKE = 0.05  # share of the rows from which a number is treated as a separate value
MOST_VALUES = 20  # distinct numbers up to which a column is not divided into ranges
RANGES = 10  # ranges with equally many of the other numbers
LEAST_EXPECTED = 20  # rows, if columns were independent: none at all has a probability of e^-20
SELDOM = 1e-3  # of the rows with either value


@dataclass(frozen=True)
class Contradiction:
    """Two values that occur together in at most 0.1 % of the rows of either, far below expectation.

    Attributes:
        first: (column, value in the user's form).
        second: the same for another column.
        expected: share of the rows if the two columns were independent.
    """

    first: tuple[str, str]
    second: tuple[str, str]
    expected: float

    def __str__(self) -> str:
        return " with ".join(f"{name} {value}" for name, value in (self.first, self.second))


@dataclass(frozen=True)
class Kinds:
    """The values of a column as kinds: words, and numbers as values or ranges.

    Attributes:
        words: words, or numbers that are single kinds.
        edges: sorted edges of the ranges of all other numbers; empty for a single range.
        names: distinct names of all kinds: words first, then ranges, then missing values.
    """

    words: np.ndarray
    edges: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: np.ndarray) -> "Kinds":
        """The kinds of a real column."""
        known = values[~is_missing(values)]
        words, counts = np.unique(known, return_counts=True)
        if is_text(values):
            names = [*map(repr, words.tolist()), "another word", "missing"]
            return cls(words, np.empty(0), tuple(names))
        if len(words) > MOST_VALUES:
            words = words[counts >= SPIKE * len(values)]
        rest, edges = known[~np.isin(known, words)], np.empty(0)
        if len(rest) >= len(values) / 2:
            edges = _rounded(np.unique(np.quantile(rest, np.arange(1, RANGES) / RANGES)))
        names = [*map(_shown, words.tolist()), *_names_of_ranges(edges, words), "missing"]
        return cls(words, edges, tuple(names))

    def codes(self, values: np.ndarray) -> np.ndarray:
        """(N,) code of the kind of each value."""
        if len(self.words):
            places = np.minimum(np.searchsorted(self.words, values), len(self.words) - 1)
            is_word = self.words[places] == values
        else:
            places, is_word = np.zeros(len(values), int), np.zeros(len(values), bool)
        other = len(self.words)
        if len(self.edges):
            other = other + np.searchsorted(self.edges, values, side="right")
        return np.where(is_missing(values), len(self.names) - 1, np.where(is_word, places, other))


def find_contradictions(
    columns: Mapping[str, np.ndarray], without: Collection[frozenset[str]] = ()
) -> list[Contradiction]:
    """Pairs of values that almost never occur in one row, although independent columns often would.

    "Almost never" means in at most 0.1 % of the rows of either value; "often" means in at least 20
    rows. Numbers are values if they are few or occur in 5 % of the rows; the others are ten ranges
    of equal size, or one range if they are less than half. Missing is a value.

    Args:
        columns: (N,) numbers or text by name.
        without: pairs of columns to ignore, for example if one is a function of the other.

    Returns:
        The pairs, by decreasing expected frequency.

    Raises:
        InputError: as in `check_alike`.
    """
    (columns,) = check_alike(columns=columns)
    total = num_rows(columns)
    kinds = {name: Kinds.of(values) for name, values in columns.items()}
    codes = {name: kinds[name].codes(values) for name, values in columns.items()}
    found = []
    for a, b in combinations(columns, 2):
        if frozenset((a, b)) in without:
            continue
        together, of_a, of_b = _counts(codes[a], codes[b], kinds[a], kinds[b])
        expected = np.outer(of_a, of_b) / total
        seldom = together <= SELDOM * np.minimum.outer(of_a, of_b)
        for i, j in np.argwhere((expected >= LEAST_EXPECTED) & seldom).tolist():
            share = float(expected[i, j] / total)
            found.append(Contradiction((a, kinds[a].names[i]), (b, kinds[b].names[j]), share))
    return sorted(found, key=lambda pair: -pair.expected)


def contradictory_rows(
    real: Mapping[str, np.ndarray],
    rows: Mapping[str, np.ndarray],
    contradictions: list[Contradiction],
) -> np.ndarray:
    """(M, number of contradictions) bool: the rows that contain both values of a pair.

    Args:
        real: (N,) numbers or text by name, in which the contradictions were found.
        rows: (M,) with the same names and kinds.
        contradictions: pairs from `find_contradictions`.

    Raises:
        InputError: tables that do not fit.
    """
    real, rows = check_alike(real=real, rows=rows)
    kinds = {name: Kinds.of(values) for name, values in real.items()}
    codes = {name: kinds[name].codes(values) for name, values in rows.items()}
    held = np.zeros((num_rows(rows), len(contradictions)), bool)
    for place, pair in enumerate(contradictions):
        parts = [codes[name] == kinds[name].names.index(v) for name, v in (pair.first, pair.second)]
        held[:, place] = parts[0] & parts[1]
    return held


def _names_of_ranges(edges: np.ndarray, words: np.ndarray) -> list[str]:
    """Names of the ranges of numbers that are not separate values."""
    if not len(edges):
        return ["other than " + " or ".join(map(_shown, words[:3].tolist()))]
    shown = [_shown(edge) for edge in edges.tolist()]
    between = [f"from {low} to {high}" for low, high in pairwise(shown)]
    return [f"below {shown[0]}", *between, f"from {shown[-1]} on"]


def _rounded(edges: np.ndarray) -> np.ndarray:
    """Edges with as few digits as keep them distinct."""
    for digits in range(3, 17):
        rounded = np.array([float(f"{edge:.{digits}g}") for edge in edges.tolist()])
        if len(np.unique(rounded)) == len(edges):
            return rounded
    return edges


def _shown(number: float) -> str:
    """A number as text, distinct from all other numbers."""
    return f"{number:.15g}"


def _counts(
    first: np.ndarray, second: np.ndarray, kinds: Kinds, others: Kinds
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of rows with both kinds of each pair, and with either kind."""
    shape = len(kinds.names), len(others.names)
    together = np.bincount(first * shape[1] + second, minlength=shape[0] * shape[1]).reshape(shape)
    return together, together.sum(axis=1), together.sum(axis=0)
