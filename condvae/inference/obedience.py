"""Generated rows that hold none of the pairs of values that real rows next to never hold."""

import logging
from collections.abc import Callable

import numpy as np

from condvae.conditions import Table

MOST_TRIES = 20

_log = logging.getLogger(__name__)


def without_contradictions(
    table: Table, draw: Callable[[np.ndarray, int], np.ndarray], y: np.ndarray, seed: int
) -> np.ndarray:
    """Rows drawn again until they hold no pair of `Table.never`, 20 times at most.

    Columns are independent given z, so that now and then a row holds what none does. How many were
    drawn again is said, and how many contradict still.

    Args:
        draw: (y, seed) -> (batch, dim) encoded rows.
        y: (batch, *condition_shape) encoded.
        seed: of the draws.
    """
    x = draw(y, seed)
    (rows,) = np.nonzero(table.contradicts(x))
    first = len(rows)
    for attempt in range(1, MOST_TRIES + 1):
        if not len(rows):
            break
        # a stream of its own for each attempt
        again = int(np.random.SeedSequence([seed, attempt]).generate_state(1)[0] >> 1)
        x[rows] = draw(y[rows], again)
        rows = rows[table.contradicts(x[rows])]
    if first:
        _log.warning(
            "%s of %s rows were drawn again: they held values that go together in next to no "
            "training row%s",
            f"{first:,}",
            f"{len(x):,}",
            f"; {len(rows):,} do so still" if len(rows) else "",
        )
    return x
