"""Passes of equal size: a row's bits do not depend on the rows beside it."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

from condvae.blocks import ROWS, slices
from condvae.graph.engine import GraphEngine

# of one pass: a matrix product takes other steps for another number of rows, and rounds otherwise
PASS_ROWS = 16
SHAPES = ((784, 512), (512, 784), (12, 512), (300, 7))  # of weights by which products are tried


@cache
def steady_rows() -> int:
    """Most rows of a pass, up to 16, in which a row has the same bits wherever it stands.

    A property of this machine's BLAS: of OpenBLAS's products for AVX2, 8 rows have it and 16 not.
    """
    rng = np.random.default_rng(0)
    for size in (PASS_ROWS, 8, 4, 2):
        products = [
            np.repeat(rng.random((1, inputs), "float32"), size, axis=0)
            @ rng.standard_normal((inputs, outputs), "float32")
            for inputs, outputs in SHAPES
        ]
        if all((rows == rows[0]).all() for rows in products):
            return size
    return 1


class EqualPasses:
    """An engine whose passes all have as many rows, one of them repeated where there are fewer.

    So what is computed for a row has the same bytes alone and among others.

    Args:
        engine: what computes a pass.
        num_rows: of a pass, at most; None: `steady_rows`.
        spread: jobs go a core each; else they run on the thread that asks, where others have the
            other cores.
    """

    def __init__(self, engine: GraphEngine, num_rows: int | None = None, spread: bool = False):
        self._engine, self.names, self._num_rows = engine, engine.names, num_rows or steady_rows()
        self.each = engine.each if spread else self._in_turn

    def has_convolutions(self, name: str) -> bool:
        """No: NumPy is slow at them, but there is no other engine here."""
        return False

    def rows(self, name: str) -> int:
        """Rows of one job, whatever the function."""
        return ROWS

    def run(
        self, name: str, arrays: dict[str, np.ndarray], numbers: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """The outputs for all rows, pass by pass.

        Args:
            numbers: (batch,) of the rows, which decide where in its pass a row stands: a product
                may round otherwise there, too; None: as they come.
        """
        size = min(self._num_rows, self._engine.pass_rows(name))
        count = len(next(iter(arrays.values())))
        places = np.arange(count) if numbers is None else _places(numbers, size)
        total = -(-int(places.max() + 1) // size) * size
        # the rest of a pass repeats a row, since zeros may be no valid input
        rows = np.zeros(total, int)
        rows[places] = np.arange(count)
        parts = [
            self._engine.run(name, {key: a[rows[part]] for key, a in arrays.items()})
            for part in slices(total, size)
        ]
        return {key: np.concatenate([part[key] for part in parts])[places] for key in parts[0]}

    def _in_turn(self, work: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """What each job's work returns, one after the other."""
        return map(work, jobs)


def _places(numbers: np.ndarray, size: int) -> np.ndarray:
    """(batch,) places among passes of a size: each at its number's within one, in any of them."""
    within = numbers % size
    order = np.argsort(within, kind="stable")
    first = np.searchsorted(within[order], np.arange(size))  # of the rows that stand at one place
    passes = np.empty(len(numbers), int)
    passes[order] = np.arange(len(numbers)) - first[within[order]]
    return passes * size + within
