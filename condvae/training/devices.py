"""One training on several devices, whose result is that of one.

Keras's `DataParallel` shares each batch out among the devices, which must divide it. So batches are
filled up, and the compiled step cuts off what was added before it computes anything: means,
regularisers, free bits, draws of noise and Keras's own losses see the rows alone, and nothing has
to be weighed. The compiler gives the devices shares that may differ by a few rows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from condvae.checks import InputError
from condvae.training.feed import Feed
from condvae.training.processes import num_processes

ALL = "all"


@contextmanager
def on_devices(devices: int | str | None, networks: Any = None) -> Iterator[None]:
    """In this block models are built and trained on so many devices.

    Args:
        devices: their number, or "all"; None leaves what is set: one, or the distribution of a
            program that has called `keras.distribution.set_distribution`.
        networks: of the user's own.

    Raises:
        InputError: there are not so many, another backend than JAX, or networks that lie on one
            device already.
    """
    if devices is None and num_processes() == 1:
        yield
        return
    chosen = _chosen(ALL if devices is None else devices)
    if networks:
        raise InputError(
            "`devices` must come without networks of your own, which lie on one device already",
            ", ".join(networks),
            "Build them under keras.distribution.set_distribution(keras.distribution."
            "DataParallel(auto_shard_dataset=False)), and leave `devices` out.",
        )
    # a feed is no data set that Keras could shard
    with keras.distribution.DataParallel(devices=chosen, auto_shard_dataset=False).scope():
        yield


def num_devices() -> int:
    """Devices that each batch is shared out among."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else int(distribution.device_mesh.devices.size)


def _chosen(devices: int | str) -> list[str]:
    """Keras's names of the devices."""
    if keras.backend.backend() != "jax":
        raise InputError(
            "`devices` must have the backend jax", keras.backend.backend(), "Leave it out."
        )
    import jax

    # in Keras's words; those of a process side by side
    of_processes = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    found = [f"{device.platform}:{device.id}" for device in of_processes]
    if devices == ALL:
        return found
    if num_processes() > 1:
        raise InputError(
            f"`devices` of several processes must be {ALL!r}",
            repr(devices),
            "Leave it out; JAX_LOCAL_DEVICE_IDS says which of its devices a process uses.",
        )
    text = str(devices)
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number <= len(found):
        raise InputError(
            f"`devices` must be {ALL!r}, or a number from 1 to {len(found)}, as many as are here",
            repr(devices),
            "Ask for fewer.",
        )
    return found[:number]


class Shares(keras.utils.PyDataset):
    """The batches of a feed, filled up until all devices get as many rows.

    Beside the rows it serves how many of them the batch has, as a shape: a step must know that
    when it is compiled, and an epoch has two numbers at most.

    Args:
        feed: of whole batches.
        devices: their number, in all processes.
        own: which of them are this process's; it serves their rows alone.
    """

    def __init__(self, feed: Feed, devices: int, own: range | None = None):
        super().__init__()
        self.feed, self.devices, self.own = feed, devices, own or range(devices)

    def __len__(self) -> int:
        """As the feed's."""
        return len(self.feed)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """({"x", "y"}, None, (marks, ...)): zeros (own devices, rows), and the weights if any."""
        batch, *beside = self.feed[index]  # whole: chance has made it for all rows
        rows = len(batch["x"])
        share = -(-rows // self.devices)
        first, end = share * self.own.start, share * self.own.stop

        def own(array: np.ndarray) -> np.ndarray:
            array = array[first:end]
            added = np.zeros((end - first - len(array), *array.shape[1:]), array.dtype)
            return np.concatenate([array, added]) if len(added) else array

        marks = np.zeros((len(self.own), rows), "int8")
        served = {name: own(array) for name, array in batch.items()}
        # where Keras has weights, since there is no target in which a CVAE would take anything
        return served, None, (marks, *map(own, beside[1:]))


def shared_out(feed: Feed) -> Feed | Shares:
    """What Keras's `fit` is to take: the feed itself, on one device."""
    distribution = keras.distribution.distribution()
    return feed if distribution is None else Shares(feed, num_devices(), _own_devices(distribution))


def _own_devices(distribution: Any) -> range:
    """Which of the devices are this process's; they lie side by side."""
    import jax

    here = jax.process_index()
    devices = distribution.device_mesh.backend_mesh.devices.ravel()
    places = [place for place, device in enumerate(devices) if device.process_index == here]
    return range(places[0], places[-1] + 1)


def take_shares(model: keras.Model) -> None:
    """Let the steps of a model take what `Shares` serve, where there are several devices."""
    distribution: Any = keras.distribution.distribution()
    if distribution is None:
        return
    # Keras reads off their shardings when it makes a step
    model.optimizer.build(model.trainable_variables)
    model.train_step = _cut(model.train_step, distribution)
    model.test_step = _cut(model.test_step, distribution)


def _cut(step: Callable[[Any, Any], Any], distribution: Any) -> Callable[[Any, Any], Any]:
    """The step of a batch of `Shares`."""
    import jax

    def of_rows(state: Any, data: tuple[Any, ...]) -> Any:
        batch, _, (marks, *weights) = data

        def rows_of(array: Any) -> Any:
            if len(array) == marks.shape[1]:
                return array
            layout = distribution.get_data_layout(array.shape).backend_layout
            # said, so that each device goes on with its own rows
            return jax.lax.with_sharding_constraint(array[: marks.shape[1]], layout)

        batch = {name: rows_of(array) for name, array in batch.items()}
        return step(state, (batch, None, *map(rows_of, weights)) if weights else (batch,))

    return of_rows
