"""Many steps in one compiled call, with JAX: no dispatch and no copy of images between them.

The images are on the device as stored; the host sends the row indices of a block of batches. `fit`
sees a block as one batch, so that callbacks, history and early stopping work as usual, and the
steps equal those of a training that is not fused, up to rounding.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from condvae.checks import InputError
from condvae.data.mapped import is_mapped
from condvae.models import CVAE
from condvae.training.feed import Feed
from condvae.training.pace import Pace, no_logs

# Largest number of steps in a block; blocks of slow steps are split, see `Pace`.
BLOCK_STEPS = 256


class Blocks(keras.utils.PyDataset):
    """The rows of a feed's batches, (steps, batch) int32, block by block.

    A shorter last batch is its own block.

    Args:
        feed: the feed, whose order and position in the epoch are used.
    """

    def __init__(self, feed: Feed):
        super().__init__()
        self.feed = feed
        whole = len(feed.x) // feed.batch_size
        blocks = -(-whole // BLOCK_STEPS) or 1
        self._length = -(-whole // blocks)  # of a whole epoch: the rest compiles nothing
        self._starts = [*range(feed.first_step, whole, self._length or 1)]
        self._whole = whole

    def __len__(self) -> int:
        """Number of blocks served."""
        return len(self._starts) + (self._whole < self.feed.steps)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        """The rows of a block, in the epoch's order, padded with -1 to the length of a block."""
        if index == len(self._starts):
            steps, length = [self.feed.steps - 1], 1
        else:
            start, length = self._starts[index], self._length
            steps = [*range(start, min(start + length, self._whole))]
        # the progress bar advances by blocks
        self.feed.on_batch(steps[-1] + 1)
        rows = np.stack([self.feed.rows(step) for step in steps]).astype("int32")
        return ({"rows": np.pad(rows, [(0, length - len(steps)), (0, 0)], constant_values=-1)},)


def can_fuse(feed: Feed) -> bool:
    """Whether a batch consists of its rows only, and the backend compiles loops."""
    return (
        keras.backend.backend() == "jax"
        and not feed.draws
        and not is_mapped(feed.x)
        and feed.weights is None
        and keras.distribution.distribution() is None
    )


def check_can_fuse(feed: Feed, option: str = "fused") -> None:
    """Raise InputError if fusing is impossible, naming the option that requested it."""
    if not can_fuse(feed):
        raise InputError(
            "steps in one compiled call require JAX, one device, data in memory, rows of equal "
            "weight, and conditions that are not drawn for each batch",
            f"the backend {keras.backend.backend()}, data on disk, many large images, weights, "
            "parts of x as y, or dropped conditions",
            f"Omit `{option}`.",
        )


def pays(feed: Feed) -> bool:
    """Whether fusing is faster on this device: on a CPU, steps hide their dispatch."""
    import jax

    return can_fuse(feed) and jax.default_backend() != "cpu"


def steps_in(rows: Any) -> int:
    """Number of steps in a block, without padding."""
    return int((np.asarray(rows).reshape(len(rows), -1)[:, 0] >= 0).sum())


def fuse(model: CVAE, feed: Feed, pace: Pace) -> None:
    """Make `fit` take `Blocks` of this feed, from any step on."""
    import jax

    data = jax.device_put({"x": np.asarray(feed.x), "y": np.asarray(feed.y)})
    loop = looped(lambda state, batch: model.train_step(state, (batch,)))
    # the data are an argument, since a constant of the program would be a second copy
    compiled: Callable[..., Any] = jax.jit(loop, donate_argnums=0)

    def train_function(state: Any, iterator: Iterator[Any]) -> Any:
        ((block,), logs) = next(iterator), no_logs(model)
        for first, end in pace.pieces(steps_in(block["rows"])):
            begun = time.perf_counter()
            logs, state = compiled(state, data, block["rows"], first, end)
            pace.began(logs["loss"], begun, end - first)
        return logs, state

    # Keras calls it for each batch of its iterator, and does not create its own if there is one
    model.train_function = train_function


def looped(step: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[..., Any]:
    """Combine many steps, each (state, batch) -> (logs, state), into one with the last logs.

    Returns:
        A function of the state, the data on the device, row indices, (steps, ..., batch), and the
        steps to take: the first one, and the one after the last.
    """
    import jax

    def run(state: Any, data: dict[str, Any], rows: Any, first: Any, end: Any) -> Any:
        def batch(index: Any) -> dict[str, Any]:
            # gathered on the device, from images as stored
            return {name: array[rows[index]] for name, array in data.items()}

        # a loop carries values of fixed shapes: those of the logs are found by tracing
        logs, _ = jax.eval_shape(step, state, batch(0))
        logs = jax.tree.map(lambda leaf: jax.numpy.zeros(leaf.shape, leaf.dtype), logs)
        # arguments rather than shapes: blocks and pieces of all lengths share one program
        return jax.lax.fori_loop(
            first, end, lambda index, carry: step(carry[1], batch(index)), (logs, state)
        )

    return run
