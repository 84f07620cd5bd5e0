"""Pairs of frequent values that real rows next to never hold together."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from condvae.metrics.tables.columns import check_alike, is_missing, is_text, num_rows

SPIKE = 0.05  # share of the rows from which on a number is a value of its own
MOST_VALUES = 20  # of a column of numbers without ranges
RANGES = 10  # of equal size, of the other numbers
LEAST_EXPECTED = 20  # rows, were the columns independent: none of them has a chance of e^-20
SELDOM = 1e-3  # of the rows of either value


@dataclass(frozen=True)
class Contradiction:
    """Two values that go together in at most 0.1 % of the rows of either, where many would.

    Attributes:
        first: (column, value as a reader knows it).
        second: of another column.
        expected: share of the rows, were the two columns independent.
    """

    first: tuple[str, str]
    second: tuple[str, str]
    expected: float

    def __str__(self) -> str:
        return " with ".join(f"{name} {value}" for name, value in (self.first, self.second))


@dataclass(frozen=True)
class Kinds:
    """The values of a column in kinds: words, and numbers as values or ranges.

    Attributes:
        words: words, or numbers that are a kind each.
        edges: of ranges, sorted, for the numbers that are none of them; empty: one range.
        names: of all kinds, each different: words first, then ranges, then what is missing.
    """

    words: np.ndarray
    edges: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: np.ndarray) -> "Kinds":
        """Those of a real column."""
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
        """(N,) the kind of each value."""
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
    """Pairs of values that are next to never in one row, though independence would have many.

    "Next to never": in at most 0.1 % of the rows of either value; "many": 20 rows or more. Numbers
    are values where they are few or in 5 % of the rows; the others are ten ranges of equal size, or
    one where they are less than half. Missing is a value.

    Args:
        columns: (N,) numbers or text by name.
        without: pairs of columns to pass over, as where one is a function of the other.

    Returns:
        The most expected first.

    Raises:
        InputError: as `check_alike`.
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
    """(M, number of contradictions) bool: which rows hold both values of a pair.

    Args:
        real: (N,) numbers or text by name, in which the contradictions were found.
        rows: (M,) of the same names and kinds.
        contradictions: as `find_contradictions` gives them.

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
    """Of the numbers that are no value of their own."""
    if not len(edges):
        return ["other than " + " or ".join(map(_shown, words[:3].tolist()))]
    shown = [_shown(edge) for edge in edges.tolist()]
    between = [f"from {low} to {high}" for low, high in pairwise(shown)]
    return [f"below {shown[0]}", *between, f"from {shown[-1]} on"]


def _rounded(edges: np.ndarray) -> np.ndarray:
    """With as few digits as keep them different."""
    for digits in range(3, 17):
        rounded = np.array([float(f"{edge:.{digits}g}") for edge in edges.tolist()])
        if len(np.unique(rounded)) == len(edges):
            return rounded
    return edges


def _shown(number: float) -> str:
    """A number, different from each other one."""
    return f"{number:.15g}"


def _counts(
    first: np.ndarray, second: np.ndarray, kinds: Kinds, others: Kinds
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How many rows have both of each two kinds, and either."""
    shape = len(kinds.names), len(others.names)
    together = np.bincount(first * shape[1] + second, minlength=shape[0] * shape[1]).reshape(shape)
    return together, together.sum(axis=1), together.sum(axis=0)
