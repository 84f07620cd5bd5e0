"""Pairs of frequent values that rows next to never hold together, as cells are encoded.

Generated rows are judged by another search, of the columns as they came
(`metrics/tables/contradictions.py`): a judge that shared this one would find what this one lets by
nowhere.
"""

import numpy as np

# rows to search, and events: beyond, the table of pairs would cost too much
MOST_ROWS, MOST_EVENTS = 50_000, 4_000
LEAST_EXPECTED = 20  # rows, were the columns independent: none of them has a chance of e^-20
SELDOM = 1e-3  # of the rows of either value

# (place, place) of two states in encoded x; ~place stands for any other state of that column
Pairs = tuple[tuple[int, int], ...]


def find_contradictions(states: np.ndarray, column_of: np.ndarray) -> Pairs:
    """Pairs of events that are in next to no row, though independent columns would have many.

    An event is a state, such as a husband, or that a column is in another state than the one that
    most rows have, such as any gain at all.

    Args:
        states: (N, total) one-hot, column by column.
        column_of: (total,) the column of each state.
    """
    if len(column_of) > MOST_EVENTS:
        return ()
    (usual,) = np.nonzero(states.mean(axis=0) > 0.5)
    events = np.concatenate([states, 1 - states[:, usual]], axis=1)
    names, columns = (
        np.concatenate([np.arange(len(column_of)), ~usual]),
        column_of[np.concatenate([np.arange(len(column_of)), usual])],
    )
    counts, together = events.sum(axis=0), events.T @ events
    expected = np.outer(counts, counts) / len(states)
    seldom = together <= SELDOM * np.minimum.outer(counts, counts)
    apart = columns[:, None] < columns[None]
    found = np.argwhere((expected >= LEAST_EXPECTED) & seldom & apart)
    return tuple((int(names[a]), int(names[b])) for a, b in found)


def contradicts(states: np.ndarray, pairs: Pairs) -> np.ndarray:
    """(batch,) bool: the rows in which a pair goes together.

    Args:
        states: (batch, total or more) encoded rows.
    """
    if not pairs:
        return np.zeros(len(states), bool)

    def holds(places: np.ndarray) -> np.ndarray:
        return (states[:, np.where(places < 0, ~places, places)] == 1) != (places < 0)

    first, second = np.transpose(pairs)
    return np.asarray((holds(first) & holds(second)).any(axis=1))
