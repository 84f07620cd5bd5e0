"""From a split to Keras: batches in an order that (seed, epoch) fixes."""

from collections.abc import Callable

import keras
import numpy as np


class Feed(keras.utils.PyDataset):
    """Batches {"x", "y"} of a split; pass it to `fit` with shuffle=False.

    Args:
        x: (N, *image_shape) pixels as stored.
        y: (N,) class codes.
        seed: with the epoch it fixes the order; None keeps the rows as they are.
        on_batch: called with the number of batches served, before each.
    """

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        batch_size: int,
        seed: int | None = None,
        on_batch: Callable[[int], None] = lambda served: None,
    ):
        super().__init__()
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
        self.on_batch = on_batch
        self.served = 0
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Shuffle for an epoch, counted from 0."""
        self.served = 0
        self.order = np.arange(len(self.x))
        if self.seed is not None:
            self.order = np.random.default_rng([self.seed, epoch]).permutation(len(self.x))

    @property
    def exhausted(self) -> bool:
        """Whether the epoch's last batch was served."""
        return self.served == len(self)

    def __len__(self) -> int:
        """Batches in an epoch, a shorter last one included."""
        return -(-len(self.x) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        """The batch at a place in the epoch's order."""
        self.served = index + 1
        self.on_batch(self.served)
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return ({"x": self.x[rows], "y": self.y[rows]},)
