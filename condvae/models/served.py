"""Batches on their way from a loader to Keras; each is checked before it is served."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from typing import Any

import keras

from condvae.checks import InputError

Check = Callable[[Any], tuple[Any, ...]]


class Checked(keras.utils.PyDataset):
    """A user-defined PyDataset whose batches are checked.

    Args:
        batches: the PyDataset, whose workers, lengths and hooks are used.
        check: from a batch to the form that Keras takes.
    """

    def __init__(self, batches: keras.utils.PyDataset, check: Check):
        super().__init__(
            workers=batches.workers,
            use_multiprocessing=batches.use_multiprocessing,
            max_queue_size=batches.max_queue_size,
        )
        self.batches, self.check = batches, check

    @property
    def num_batches(self) -> int | None:
        """The PyDataset's number of batches; None if it is endless."""
        return self.batches.num_batches

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """A checked batch."""
        return self.check(self.batches[index])

    def on_epoch_begin(self) -> None:
        """Call the PyDataset's hook."""
        self.batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Call the PyDataset's hook."""
        self.batches.on_epoch_end()


class Passes(keras.utils.PyDataset):
    """An iterable with a length that can be repeated, such as a DataLoader: one pass per epoch.

    Args:
        batches: the batches, in any order.
        length: number of batches in a pass.
        check: from a batch to the form that Keras takes.
    """

    def __init__(self, batches: Iterable[Any], length: int, check: Check):
        super().__init__()
        self.batches, self.length, self.check = batches, length, check
        self.running: Iterator[Any] = iter(())

    def __len__(self) -> int:
        """Number of batches in a pass."""
        return self.length

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """The next batch, whatever the index: the loader defines the order."""
        batch = next(self.running, None)
        if batch is None:
            self.running = iter(self.batches)
            batch = next(self.running, None)
        if batch is None:
            raise InputError("the data must yield batches", "none", "Pass data that are not empty.")
        return self.check(batch)

    def on_epoch_end(self) -> None:
        """Start the next pass from the beginning."""
        self.running = iter(())


def served(check: Check, batches: Any, steps: int | None = None) -> Any:
    """Batches in the form that Keras takes, each checked; the first one is checked immediately.

    Args:
        batches: a PyDataset, or an iterable: the loaders of PyTorch and tf.data, a generator.
        steps: batches per epoch, if given: iterables that can be repeated are then repeated
            endlessly.

    Raises:
        InputError: there are no batches, or the first one does not fit.
    """
    if isinstance(batches, keras.utils.PyDataset):
        check(batches[0])
        return Checked(batches, check)
    if not isinstance(batches, Iterable):
        check(batches)
    if isinstance(batches, Iterator):
        # it yields its first batch only once, so it is put back
        first = next(batches, None)
        if first is None:
            raise InputError(
                "a generator must yield batches",
                "none: it is empty, or was already consumed",
                "Create a new generator.",
            )
        check(first)
        return (check(batch) for batch in chain([first], batches))
    check(next(iter(batches), None))
    sized: Any = batches
    try:
        return Passes(batches, len(sized), check)
    except TypeError:  # it has no length
        return (check(batch) for _ in _passes(steps) for batch in batches)


def _passes(steps: int | None) -> Iterable[None]:
    """One pass, or, if the number of batches per epoch is given, as many passes as they need."""
    return [None] if steps is None else repeat(None)
