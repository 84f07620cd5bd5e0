"""Passes of equal size: a row's bits do not depend on the rows beside it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from condvae.blocks import ROWS, slices
from condvae.graph.engine import GraphEngine

# of one pass: a matrix product takes other steps for another number of rows, and rounds otherwise;
# the first at which the place of a row among the others changes nothing, which is BLAS's affair
PASS_ROWS = (16, 8, 4, 2)


class EqualPasses:
    """An engine whose passes all have as many rows, of zeros where there are fewer.

    So what is computed for a request has the same bytes alone and among others. It runs on the
    thread that asks: batches, not their parts, go a core each.

    Args:
        engine: what computes a pass.
    """

    def __init__(self, engine: GraphEngine):
        self._engine, self.names = engine, engine.names
        self._sizes: dict[str, int] = {}

    def has_convolutions(self, name: str) -> bool:
        """No: NumPy is slow at them, but there is no other engine here."""
        return False

    def rows(self, name: str) -> int:
        """Rows of one job, whatever the function."""
        return ROWS

    def run(self, name: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs for all rows, pass by pass."""
        if name not in self._sizes:  # two threads may both do it, to the same effect
            self._sizes[name] = self._steady_rows(name, arrays)
        size = self._sizes[name]
        count = len(next(iter(arrays.values())))
        parts = [
            self._engine.run(name, {key: _filled(a[part], size) for key, a in arrays.items()})
            for part in slices(count, size)
        ]
        return {key: np.concatenate([part[key] for part in parts])[:count] for key in parts[0]}

    def _steady_rows(self, name: str, like: dict[str, np.ndarray]) -> int:
        """The largest pass in which all places are alike: its rows, moved on, give the same bits.

        OpenBLAS on AVX2 multiplies rows in twelves, and the last four of 16 in other steps.

        Args:
            like: arrays of the shapes and dtypes that the function takes.
        """
        rng = np.random.default_rng(0)
        for size in PASS_ROWS:
            if size > self._engine.pass_rows(name):
                continue
            rows = {
                key: np.abs(rng.normal(0, 1, (size, *a.shape[1:]))).astype(a.dtype)
                for key, a in like.items()
            }
            moved = {key: np.roll(a, 1, axis=0) for key, a in rows.items()}
            here, there = self._engine.run(name, rows), self._engine.run(name, moved)
            if all(
                np.array_equal(np.roll(a, 1, axis=0), there[key], True) for key, a in here.items()
            ):
                return size
        return 1

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
