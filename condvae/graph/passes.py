"""Passes of equal size, so that the bits of a row do not depend on other rows."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

from condvae.blocks import ROWS, slices

# rows of one pass: matrix products of another number of rows use other kernels, and round
# differently
PASS_ROWS = 16
SHAPES = ((784, 512), (512, 784), (12, 512), (300, 7))  # of weights, for testing products


@cache
def steady_rows() -> int:
    """Most rows per pass, up to 16, for which a row's bits do not depend on its position.

    This is a property of the machine's BLAS: OpenBLAS's products for AVX2 have it for 8 rows, not
    for 16.
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
    """An engine whose passes all have the same number of rows, padded by repeating one of them.

    The result of a row thus has the same bytes alone and among others.

    Args:
        engine: the engine that computes a pass.
        num_rows: largest number of rows per pass; None: `steady_rows`.
        spread: whether jobs use one core each; otherwise they run on the calling thread, if the
            other cores are used by others.
    """

    def __init__(self, engine: Any, num_rows: int | None = None, spread: bool = False):
        self._engine, self.names, self._num_rows = engine, engine.names, num_rows or steady_rows()
        self.each = engine.each if spread else self._in_turn

    def has_convolutions(self, name: str) -> bool:
        """False: NumPy is slow at them, but there is no other engine here."""
        return False

    def rows(self, name: str) -> int:
        """Number of rows of one job, for any function."""
        return ROWS

    def run(
        self, name: str, arrays: dict[str, np.ndarray], numbers: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """The outputs for all rows, pass by pass.

        Args:
            numbers: (batch,) numbers of the rows, which determine the position of a row in its
                pass, since the rounding of a product may depend on the position too; None: in the
                given order.
        """
        size = min(self._num_rows, self._engine.pass_rows(name))
        count = len(next(iter(arrays.values())))
        places = np.arange(count) if numbers is None else _places(numbers, size)
        total = -(-int(places.max() + 1) // size) * size
        # a pass is padded by repeating a row, since zeros may not be valid inputs
        rows = np.zeros(total, int)
        rows[places] = np.arange(count)
        parts = [
            self._engine.run(name, {key: a[rows[part]] for key, a in arrays.items()})
            for part in slices(total, size)
        ]
        return {key: np.concatenate([part[key] for part in parts])[places] for key in parts[0]}

    def _in_turn(self, work: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        """The result of work for each job, one after another."""
        return map(work, jobs)


def _places(numbers: np.ndarray, size: int) -> np.ndarray:
    """(batch,) positions in passes of a size: row n is at n modulo the size, in any pass."""
    within = numbers % size
    order = np.argsort(within, kind="stable")
    first = np.searchsorted(within[order], np.arange(size))  # first of the rows at one position
    passes = np.empty(len(numbers), int)
    passes[order] = np.arange(len(numbers)) - first[within[order]]
    return passes * size + within
