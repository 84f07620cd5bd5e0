"""The order of the rows in an epoch: a free permutation, or one within windows of nearby rows.

Adjacent rows are read from a disk many times faster than scattered rows. With windows the order is
still a random permutation, determined by its generator: a window has up to 64 chunks of adjacent
rows, one from each 64th of the data, so that it resembles the whole even if rows are sorted by
class. Its rows are then shuffled.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from condvae.data.mapped import is_mapped

# A chunk has this many rows or, for large rows, as many as fit into this many bytes: a window then
# takes at most 256 MB, and still has rows from 64 places.
CHUNK_ROWS, CHUNK_BYTES = 1024, 2**22
WINDOW_CHUNKS = 64


def chunk_of(x: Any) -> int:
    """Number of rows in a chunk of x, (N, ...) of the dtype that is served."""
    row_bytes = max(1, int(np.prod(x.shape[1:], dtype="int64")) * x.dtype.itemsize)
    return min(CHUNK_ROWS, max(1, CHUNK_BYTES // row_bytes))


def windows(num_rows: int, chunk: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The rows in windows, one after another: together a permutation of 0 to num_rows - 1."""
    count = -(-num_rows // chunk)
    number = -(-count // WINDOW_CHUNKS)
    # as many adjacent chunks in each row as there are windows, each of which gets one of them
    places = np.arange(-(-count // number) * number).reshape(-1, number)
    for some in rng.permuted(places, axis=1).T:
        rows = (some[:, None] * chunk + np.arange(chunk)).ravel()
        rows = rows[rows < num_rows]  # chunks beyond the end, and the end of the last
        yield rng.permutation(rows.astype("int32"))


class Window:
    """Reads the rows of one window after another, each from disk as a whole, when it starts.

    Args:
        x: mapped rows.
        ends: end of each window in the order of the epoch.
        order: order of the epoch.
    """

    def __init__(self, x: Any, order: np.ndarray, ends: np.ndarray):
        self.x, self.order, self.ends = x, order, ends
        self.number, self.rows, self.held = -1, order[:0], np.asarray(x[:0])

    def read(self, start: int, stop: int) -> np.ndarray:
        """The rows between two positions in the order, (stop - start, ...)."""
        parts = []
        while start < stop:
            self._hold(int(np.searchsorted(self.ends, start, side="right")))
            end = min(stop, int(self.ends[self.number]))
            parts.append(self.held[np.searchsorted(self.rows, self.order[start:end])])
            start = end
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _hold(self, number: int) -> None:
        """Read a window, unless it is the current one."""
        if number != self.number:
            first = 0 if number == 0 else self.ends[number - 1]
            del self.held  # freed before the next one, which is as large
            self.rows = np.sort(self.order[first : self.ends[number]])
            self.held, self.number = np.asarray(self.x[self.rows]), number


def ordered(
    x: Any, rng: np.random.Generator | None, in_windows: bool
) -> tuple[np.ndarray, Window | None]:
    """The rows of x in the order of an epoch, and the reader of windows for rows on disk.

    Args:
        x: (N, ...) rows, fewer than 2**31.
        rng: generator of the order; None: rows in their original order.
        in_windows: whether rows are shuffled within windows.
    """
    if rng is None:
        return np.arange(len(x), dtype="int32"), None
    if not in_windows:
        return rng.permutation(len(x)).astype("int32"), None
    order, ends = np.empty(len(x), "int32"), [0]
    for rows in windows(len(x), chunk_of(x), rng):
        ends.append(ends[-1] + len(rows))
        order[ends[-2] : ends[-1]] = rows
    ends = np.asarray(ends[1:])
    return order, Window(x, order, ends) if is_mapped(x) else None
