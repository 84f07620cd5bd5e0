"""Passes of equal size: a row's bits do not depend on the rows beside it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from condvae.blocks import ROWS, slices
from condvae.graph.engine import GraphEngine

# of one pass: a matrix product takes other steps for another number of rows, and rounds otherwise
PASS_ROWS = 16


class EqualPasses:
    """An engine whose passes all have as many rows, of zeros where there are fewer.

    So what is computed for a request has the same bytes alone and among others. It runs on the
    thread that asks: batches, not their parts, go a core each.

    Args:
        engine: what computes a pass.
    """

    def __init__(self, engine: GraphEngine):
        self._engine, self.names = engine, engine.names

    def has_convolutions(self, name: str) -> bool:
        """No: NumPy is slow at them, but there is no other engine here."""
        return False

    def rows(self, name: str) -> int:
        """Rows of one job, whatever the function."""
        return ROWS

    def run(self, name: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs for all rows, pass by pass."""
        size = min(PASS_ROWS, self._engine.pass_rows(name))
        count = len(next(iter(arrays.values())))
        parts = [
            self._engine.run(name, {key: _filled(a[part], size) for key, a in arrays.items()})
            for part in slices(count, size)
        ]
        return {key: np.concatenate([part[key] for part in parts])[:count] for key in parts[0]}

    def each(self, work: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """What each job's work returns, one after the other."""
        return map(work, jobs)


def _filled(rows: np.ndarray, size: int) -> np.ndarray:
    """(size, ...) rows, zeros after those that there are."""
    if len(rows) == size:
        return rows
    filled = np.zeros((size, *rows.shape[1:]), rows.dtype)
    filled[: len(rows)] = rows
    return filled
