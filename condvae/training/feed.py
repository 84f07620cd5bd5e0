"""From a split to Keras: batches in an order that (seed, epoch) fixes."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

# the order of the images has a generator of its own
CONDITION_STREAM, MORE_STREAM = 1, 2

Conditions = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Change = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]


class Feed(keras.utils.PyDataset):
    """Batches {"x", "y"} of a split; pass it to `fit` with shuffle=False.

    Args:
        x: (N, *image_shape) pixels as stored; or `EncodedRows` of a table.
        y: (N,) class codes, or (N, num_classes), zeros where the label is missing; or a function
            (x, rng) -> y that makes the conditions of a batch from its pixels.
        change: a function (x, y, rng) -> (x, y) of a batch; None leaves it.
        augment: a function (x, rng) -> x of a batch, before its y is made of it.
        more: (rows, count): so many of these rows are drawn into each batch beside its own.
        weights: (N,) how much each row counts in the loss; None: all alike.
        seed: with the epoch it fixes the order; None keeps the rows as they are.
        first_step: the batches before it are left out.
        on_batch: called with the place of the batch in the epoch, from 1, before each.
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
    ):
        super().__init__()
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
        self.first_step, self.on_batch, self.change = first_step, on_batch, change
        self.more, self.augment, self.weights = more, augment, weights
        self.start_epoch(0)

    def from_step(self, step: int) -> "Feed":
        """The rest of each epoch from that step on."""
        order = (self.batch_size, self.seed, step, self.on_batch)
        return Feed(self.x, self.y, *order, self.change, self.more, self.augment, self.weights)

    def with_seed(self, seed: int) -> "Feed":
        """The same rows in the order of another seed."""
        order = (self.batch_size, seed, self.first_step, self.on_batch)
        return Feed(self.x, self.y, *order, self.change, self.more, self.augment, self.weights)

    def head(self, num_rows: int) -> "Feed":
        """The first rows alone."""
        y = self.y if callable(self.y) else self.y[:num_rows]
        more = self.more and (np.arange(num_rows), self.more[1])
        weights = None if self.weights is None else self.weights[:num_rows]
        settings: Any = {"change": self.change, "more": more, "augment": self.augment}
        settings["weights"] = weights
        return Feed(self.x[:num_rows], y, self.batch_size, self.seed, **settings)

    def start_epoch(self, epoch: int) -> None:
        """Put the rows into the order of an epoch, counted from 0."""
        self.epoch = epoch
        self.order = np.arange(len(self.x))
        if self.seed is not None:
            # a function of the epoch and no state: a resumed run can begin with any epoch
            self.order = np.random.default_rng([self.seed, epoch]).permutation(len(self.x))

    @property
    def steps(self) -> int:
        """Number of batches in a whole epoch, a shorter last one included."""
        return -(-len(self.x) // self.batch_size)

    def __len__(self) -> int:
        """Number of batches that are served, from `first_step` on."""
        return self.steps - self.first_step

    @property
    def draws(self) -> bool:
        """Whether a batch is made of its rows by chance."""
        return callable(self.y) or self.change is not None or self.augment is not None

    def rows(self, step: int) -> np.ndarray:
        """The places of a step's examples in x and y."""
        rows = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        if self.more is None:
            return rows
        among, count = self.more
        # of this very step, so that a resumed epoch draws what it would have drawn
        rng = np.random.default_rng([self.seed or 0, self.epoch, step, MORE_STREAM])
        return np.concatenate([rows, rng.choice(among, count)])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """The batch at a place in the epoch's order: ({"x", "y"},), or with (None, weights)."""
        step = self.first_step + index
        self.on_batch(step + 1)
        rows = self.rows(step)
        batch = self._batch(rows, step)
        return (batch,) if self.weights is None else (batch, None, self.weights[rows])

    def _batch(self, rows: np.ndarray, step: int) -> dict[str, np.ndarray]:
        """x and y of a step's rows, and what chance makes of them."""
        x = np.asarray(self.x[rows])
        if not self.draws:
            return {"x": x, "y": np.asarray(self.y)[rows]}
        # without a seed every epoch has the same conditions, as a validation should
        place = [0, step] if self.seed is None else [self.seed, self.epoch, step]
        rng = np.random.default_rng([*place, CONDITION_STREAM])
        if self.augment is not None:
            x = self.augment(x, rng)
        y = self.y(x, rng) if callable(self.y) else self.y[rows]
        if self.change is not None:
            x, y = self.change(x, y, rng)
        return {"x": x, "y": y}
