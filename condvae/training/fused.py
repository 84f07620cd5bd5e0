"""Many steps in one compiled call, under JAX: no dispatch and no copy of images between them.

The images lie on the device as they are stored; the host sends the rows of a block of batches.
`fit` sees a block as one batch, so its callbacks, histories and early stops stay as they are, and
the steps are those of a training that is not fused, to rounding.
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

# Steps in a block, at most; slow ones are taken in pieces, see `Pace`.
BLOCK_STEPS = 256


class Blocks(keras.utils.PyDataset):
    """The rows of a feed's batches, (steps, batch) int32, block by block.

    A shorter last batch is a block of its own.

    Args:
        feed: whose order and place in the epoch hold.
    """

    def __init__(self, feed: Feed):
        super().__init__()
        self.feed = feed
        whole = len(feed.x) // feed.batch_size
        blocks = -(-whole // BLOCK_STEPS) or 1
        self._length = -(-whole // blocks)  # of the epoch, so that its rest compiles nothing new
        self._starts = [*range(feed.first_step, whole, self._length or 1)]
        self._whole = whole

    def __len__(self) -> int:
        """Number of blocks that are served."""
        return len(self._starts) + (self._whole < self.feed.steps)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        """The rows of a block, in the epoch's order, padded with -1 to whole blocks."""
        if index == len(self._starts):
            steps, length = [self.feed.steps - 1], 1
        else:
            start, length = self._starts[index], self._length
            steps = [*range(start, min(start + length, self._whole))]
        # the bar moves by blocks
        self.feed.on_batch(steps[-1] + 1)
        rows = np.stack([self.feed.rows(step) for step in steps]).astype("int32")
        return ({"rows": np.pad(rows, [(0, length - len(steps)), (0, 0)], constant_values=-1)},)


def can_fuse(feed: Feed) -> bool:
    """Whether a batch is its rows and no more, and the backend compiles loops."""
    return (
        keras.backend.backend() == "jax"
        and not feed.draws
        and not is_mapped(feed.x)
        and feed.weights is None
        and keras.distribution.distribution() is None
    )


def check_can_fuse(feed: Feed, option: str = "fused") -> None:
    """Raise where it cannot be done, naming the option that asked for it."""
    if not can_fuse(feed):
        raise InputError(
            "steps in one compiled call must have JAX, one device, data in memory, rows that count "
            "alike, and conditions that are not drawn anew for each batch",
            f"the backend {keras.backend.backend()}, data on disk, weights, parts of x as y, or "
            "conditions left out",
            f"Leave `{option}` out.",
        )


def pays(feed: Feed) -> bool:
    """Whether fusing makes a training faster here: a processor's steps hide their dispatch."""
    import jax

    return can_fuse(feed) and jax.default_backend() != "cpu"


def steps_in(rows: Any) -> int:
    """Number of the steps in a block, those aside that only pad it."""
    return int((np.asarray(rows).reshape(len(rows), -1)[:, 0] >= 0).sum())


def fuse(model: CVAE, feed: Feed, pace: Pace) -> None:
    """Let `fit` take `Blocks` of this feed, from any step on."""
    import jax

    data = jax.device_put({"x": np.asarray(feed.x), "y": feed.y})
    loop = looped(lambda state, batch: model.train_step(state, (batch,)))
    # the data are an argument, not a constant of the program, which would hold a second copy
    compiled: Callable[..., Any] = jax.jit(loop, donate_argnums=0)

    def train_function(state: Any, iterator: Iterator[Any]) -> Any:
        ((block,), logs) = next(iterator), no_logs(model)
        for first, end in pace.pieces(steps_in(block["rows"])):
            begun = time.perf_counter()
            logs, state = compiled(state, data, block["rows"], first, end)
            pace.began(logs["loss"], begun, end - first)
        return logs, state

    # Keras calls it for each batch of its iterator, and makes none where there is one
    model.train_function = train_function


def looped(step: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[..., Any]:
    """Many steps, each (state, batch) -> (logs, state), as one: the last logs, and the state.

    Returns:
        A function of the state, the data on the device, rows of them, (steps, ..., batch), and
        which of these steps to take: the first one, and the one after the last.
    """
    import jax

    def run(state: Any, data: dict[str, Any], rows: Any, first: Any, end: Any) -> Any:
        def batch(index: Any) -> dict[str, Any]:
            # gathered on the device, from images as they are stored
            return {name: array[rows[index]] for name, array in data.items()}

        # a loop carries values of fixed shapes: the logs' are found by tracing alone
        logs, _ = jax.eval_shape(step, state, batch(0))
        logs = jax.tree.map(lambda leaf: jax.numpy.zeros(leaf.shape, leaf.dtype), logs)
        # arguments, not shapes: blocks and pieces of all lengths are one program
        return jax.lax.fori_loop(
            first, end, lambda index, carry: step(carry[1], batch(index)), (logs, state)
        )

    return run
