"""Pairs of frequent values that almost never occur together, in terms of encoded cells.

Generated rows are evaluated by another search, on the original columns
(`metrics/tables/contradictions.py`): with the same search, the evaluation would miss whatever this
one misses.
"""

import numpy as np

# limits of rows and events searched, since the cost of all pairs grows with them
MOST_ROWS, MOST_EVENTS = 50_000, 4_000
LEAST_EXPECTED = 20  # rows, if columns were independent: none at all has a probability of e^-20
SELDOM = 1e-3  # of the rows with either value

# (index, index) of two states in encoded x; ~index is any other state of that column
Pairs = tuple[tuple[int, int], ...]


def find_contradictions(states: np.ndarray, column_of: np.ndarray) -> Pairs:
    """Pairs of events that almost no row has, although independent columns would often have them.

    An event is that a column has a state, such as "husband", or a state other than its most
    frequent one, such as any gain at all. most rows have, such as any gain at all.

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
    """(batch,) bool: the rows with both events of a pair.

    Args:
        states: (batch, total or more) encoded rows.
    """
    found = np.zeros(len(states), bool)
    if not pairs:
        return found
    events, places = np.unique(pairs, return_inverse=True)
    is_other = events < 0
    # event by event, each of which is in many pairs
    holds = np.ascontiguousarray(states[:, np.where(is_other, ~events, events)].T == 1)
    holds ^= is_other[:, None]
    for first, second in places.reshape(-1, 2).tolist():
        found |= holds[first] & holds[second]
    return found
