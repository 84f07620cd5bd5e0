"""From a split to Keras: batches in an order determined by (seed, epoch)."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from condvae.training.order import Window, ordered

# the order of the rows has its own generator
CONDITION_STREAM, MORE_STREAM = 1, 2

Conditions = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Change = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]


class Feed(keras.utils.PyDataset):
    """Batches {"x", "y"} of a split; pass it to `fit` with shuffle=False.

    Args:
        x: (N, *image_shape) pixels as stored, or `MappedRows` for pixels on disk; or `EncodedRows`
            of a table.
        y: (N,) class codes, or (N, num_classes), zeros where the label is missing; or a function
            (x, rng) -> y that computes the conditions of a batch from its pixels.
        change: a function (x, y, rng) -> (x, y) applied to each batch; None: no function.
        augment: a function (x, rng) -> x applied to each batch, before its y is computed from x.
        more: (rows, count): number of these rows that are drawn into each batch in addition to its
            own.
        weights: (N,) weight of each row in the loss; None: equal weights.
        in_windows: whether the rows of an epoch are shuffled within windows, see `order`, rather
            than freely.
        seed: determines the order, together with the epoch; None keeps the rows in order.
        first_step: first step that is served.
        on_batch: called before each batch with its number in the epoch, from 1.
    """

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray | Conditions,
        batch_size: int,
        seed: int | None = None,
        first_step: int = 0,
        on_batch: Callable[[int], None] = lambda served: None,
        change: Change | None = None,
        more: tuple[np.ndarray, int] | None = None,
        augment: Augment | None = None,
        weights: np.ndarray | None = None,
        in_windows: bool = False,
    ):
        super().__init__()
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
        self.first_step, self.on_batch, self.change = first_step, on_batch, change
        self.more, self.augment, self.weights = more, augment, weights
        self.in_windows = in_windows
        self.start_epoch(0)

    def from_step(self, step: int) -> "Feed":
        """The same feed, with each epoch starting from that step."""
        return self._again(self.seed, step)

    def with_seed(self, seed: int) -> "Feed":
        """The same rows in the order of another seed."""
        return self._again(seed, self.first_step)

    def _again(self, seed: int | None, step: int) -> "Feed":
        """The same rows in the order of a seed, starting from that step."""
        order = (self.batch_size, seed, step, self.on_batch)
        made = (self.change, self.more, self.augment, self.weights, self.in_windows)
        return Feed(self.x, self.y, *order, *made)

    def head(self, num_rows: int) -> "Feed":
        """The first rows only."""
        y = self.y if callable(self.y) else self.y[:num_rows]
        more = self.more and (np.arange(num_rows), self.more[1])
        weights = None if self.weights is None else self.weights[:num_rows]
        settings: Any = {"change": self.change, "more": more, "augment": self.augment}
        settings |= {"weights": weights, "in_windows": self.in_windows}
        return Feed(self.x[:num_rows], y, self.batch_size, self.seed, **settings)

    def start_epoch(self, epoch: int) -> None:
        """Shuffle the rows for an epoch, counted from 0."""
        self.epoch = epoch
        self._ordered: tuple[np.ndarray, Window | None] | None = None

    @property
    def order(self) -> np.ndarray:
        """The rows in the order of the epoch, int32."""
        return self._begun()[0]

    def _begun(self) -> tuple[np.ndarray, Window | None]:
        """The order of the epoch, computed with its first batch, and the reader of windows."""
        if self._ordered is None:
            # a function of the epoch without state, so that a resumed run can start with any epoch
            rng = None if self.seed is None else np.random.default_rng([self.seed, self.epoch])
            self._ordered = ordered(self.x, rng, self.in_windows)
        return self._ordered

    @property
    def steps(self) -> int:
        """Number of batches in a whole epoch, including a shorter last one."""
        return -(-len(self.x) // self.batch_size)

    def __len__(self) -> int:
        """Number of batches served, from `first_step` on."""
        return self.steps - self.first_step

    @property
    def draws(self) -> bool:
        """Whether batches depend on random numbers."""
        return callable(self.y) or self.change is not None or self.augment is not None

    def rows(self, step: int) -> np.ndarray:
        """The indices of a step's examples in x and y."""
        rows = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        if self.more is None:
            return rows
        among, count = self.more
        # seeded by the step, so that a resumed epoch draws the same numbers
        rng = np.random.default_rng([self.seed or 0, self.epoch, step, MORE_STREAM])
        return np.concatenate([rows, rng.choice(among, count)])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """The batch at a position in the epoch: ({"x", "y"},), or with (None, weights)."""
        step = self.first_step + index
        self.on_batch(step + 1)
        rows = self.rows(step)
        batch = self._batch(rows, step)
        return (batch,) if self.weights is None else (batch, None, self.weights[rows])

    def _read(self, rows: np.ndarray, start: int) -> np.ndarray:
        """x of the rows of a step that starts at a position of the order."""
        order, window = self._begun()
        if window is None:
            return np.asarray(self.x[rows])
        own = min(self.batch_size, len(order) - start)  # these precede the rows of `more`
        x = window.read(start, start + own)
        return x if own == len(rows) else np.concatenate([x, np.asarray(self.x[rows[own:]])])

    def _batch(self, rows: np.ndarray, step: int) -> dict[str, np.ndarray]:
        """x and y of a step's rows, after random changes."""
        x = self._read(rows, step * self.batch_size)
        y: Any = self.y
        if not self.draws:
            return {"x": x, "y": np.asarray(y[rows])}
        # without a seed every epoch has the same conditions, as validation should
        place = [0, step] if self.seed is None else [self.seed, self.epoch, step]
        rng = np.random.default_rng([*place, CONDITION_STREAM])
        if self.augment is not None:
            x = self.augment(x, rng)
        y = y(x, rng) if callable(y) else np.asarray(y[rows])
        if self.change is not None:
            x, y = self.change(x, y, rng)
        return {"x": x, "y": y}
