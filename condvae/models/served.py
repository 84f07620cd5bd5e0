"""Batches on their way from what loads them to Keras: each is looked at before it is served."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from typing import Any

import keras

from condvae.checks import InputError

Check = Callable[[Any], tuple[Any, ...]]


class Checked(keras.utils.PyDataset):
    """A PyDataset of the user's own.

    Args:
        batches: whose workers, lengths and hooks hold.
        check: from a batch to what Keras takes.
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
        """As the PyDataset says; None of an endless one."""
        return self.batches.num_batches

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """A batch, checked."""
        return self.check(self.batches[index])

    def on_epoch_begin(self) -> None:
        """As the PyDataset's."""
        self.batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """As the PyDataset's."""
        self.batches.on_epoch_end()


class Passes(keras.utils.PyDataset):
    """What can be gone through again and has a length, such as a DataLoader: a pass an epoch.

    Args:
        batches: in whatever order they come.
        length: batches in a pass.
        check: from a batch to what Keras takes.
    """

    def __init__(self, batches: Iterable[Any], length: int, check: Check):
        super().__init__()
        self.batches, self.length, self.check = batches, length, check
        self.running: Iterator[Any] = iter(())

    def __len__(self) -> int:
        """Batches in a pass."""
        return self.length

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """The next batch, whichever is asked for: what loads them has an order of its own."""
        batch = next(self.running, None)
        if batch is None:
            self.running = iter(self.batches)
            batch = next(self.running, None)
        if batch is None:
            raise InputError("the data must give batches", "none", "Bring some.")
        return self.check(batch)

    def on_epoch_end(self) -> None:
        """The next pass begins anew."""
        self.running = iter(())


def served(check: Check, batches: Any, steps: int | None = None) -> Any:
    """Batches as Keras takes them, each checked; the first one at once.

    Args:
        batches: a PyDataset, or what can be iterated: torch's and tf.data's loaders, a generator.
        steps: batches in an epoch, where they are said: what can be gone through again is, without
            an end.

    Raises:
        InputError: no batches, or a first one that does not fit.
    """
    if isinstance(batches, keras.utils.PyDataset):
        check(batches[0])
        return Checked(batches, check)
    if not isinstance(batches, Iterable):
        check(batches)
    if isinstance(batches, Iterator):
        # it gives its first batch once: it is put back
        first = next(batches, None)
        if first is None:
            raise InputError(
                "a generator must give batches",
                "none: it is empty, or was read before",
                "Make a new one.",
            )
        check(first)
        return (check(batch) for batch in chain([first], batches))
    check(next(iter(batches), None))
    sized: Any = batches
    try:
        return Passes(batches, len(sized), check)
    except TypeError:  # what does not know its length
        return (check(batch) for _ in _passes(steps) for batch in batches)


def _passes(steps: int | None) -> Iterable[None]:
    """One pass, or, where the batches of an epoch are said, as many as these need."""
    return [None] if steps is None else repeat(None)
