"""Training on several devices, with the result of training on one.

Keras's `DataParallel` distributes each batch over the devices, whose number must divide its size.
So batches are padded, and the compiled step removes the padding before it computes anything: means,
regularisers, free bits, noise and Keras's own losses see only the real rows, and nothing has to be
weighted. The compiler gives the devices shares that may differ by a few rows.
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
    """Build and train models on this many devices in the block.

    Args:
        devices: number of devices, or "all"; None keeps the current setting: one device, or the
            distribution of a program that has called `keras.distribution.set_distribution`.
        networks: user-defined networks.

    Raises:
        InputError: fewer devices are available, the backend is not JAX, or user-defined networks
            are already placed on one device.
    """
    if devices is None and num_processes() == 1:
        yield
        return
    chosen = _chosen(ALL if devices is None else devices)
    if networks:
        raise InputError(
            "`devices` must come without user-defined networks, which are already on one device",
            ", ".join(networks),
            "Build them under keras.distribution.set_distribution(keras.distribution."
            "DataParallel(auto_shard_dataset=False)), and omit `devices`.",
        )
    # a feed is not a dataset that Keras could shard
    with keras.distribution.DataParallel(devices=chosen, auto_shard_dataset=False).scope():
        yield


def num_devices() -> int:
    """Number of devices over which each batch is distributed."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else int(distribution.device_mesh.devices.size)


def _chosen(devices: int | str) -> list[str]:
    """Keras's names of the devices."""
    if keras.backend.backend() != "jax":
        raise InputError("`devices` requires the backend jax", keras.backend.backend(), "Omit it.")
    import jax

    # Keras's names; the devices of a process are consecutive
    of_processes = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))
    found = [f"{device.platform}:{device.id}" for device in of_processes]
    if devices == ALL:
        return found
    if num_processes() > 1:
        raise InputError(
            f"`devices` of several processes must be {ALL!r}",
            repr(devices),
            "Omit it; JAX_LOCAL_DEVICE_IDS says which of its devices a process uses.",
        )
    text = str(devices)
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number <= len(found):
        raise InputError(
            f"`devices` must be {ALL!r}, or a number from 1 to {len(found)}, the devices available",
            repr(devices),
            "Use fewer.",
        )
    return found[:number]


class Shares(keras.utils.PyDataset):
    """The batches of a feed, padded so that all devices get the same number of rows.

    The number of real rows is served as the shape of an array: a step must know it when it is
    compiled, and an epoch has at most two such numbers.

    Args:
        feed: the feed of whole batches.
        devices: number of devices, in all processes.
        own: the devices of this process, whose rows alone are served.
    """

    def __init__(self, feed: Feed, devices: int, own: range | None = None):
        super().__init__()
        self.feed, self.devices, self.own = feed, devices, own or range(devices)

    def __len__(self) -> int:
        """Number of batches of the feed."""
        return len(self.feed)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """({"x", "y"}, None, (marks, ...)): zeros (own devices, rows), and the weights, if any."""
        batch, *beside = self.feed[index]  # all rows, for which random numbers were drawn
        rows = len(batch["x"])
        share = -(-rows // self.devices)
        first, end = share * self.own.start, share * self.own.stop

        def own(array: np.ndarray) -> np.ndarray:
            array = array[first:end]
            added = np.zeros((end - first - len(array), *array.shape[1:]), array.dtype)
            return np.concatenate([array, added]) if len(added) else array

        marks = np.zeros((len(self.own), rows), "int8")
        served = {name: own(array) for name, array in batch.items()}
        # passed as Keras's sample weights, since a CVAE has no other argument for them
        return served, None, (marks, *map(own, beside[1:]))


def shared_out(feed: Feed) -> Feed | Shares:
    """The data for Keras's `fit`: on a single device, the feed itself."""
    distribution = keras.distribution.distribution()
    return feed if distribution is None else Shares(feed, num_devices(), _own_devices(distribution))


def _own_devices(distribution: Any) -> range:
    """The devices of this process, which are consecutive."""
    import jax

    here = jax.process_index()
    devices = distribution.device_mesh.backend_mesh.devices.ravel()
    places = [place for place, device in enumerate(devices) if device.process_index == here]
    return range(places[0], places[-1] + 1)


def take_shares(model: keras.Model) -> None:
    """Make the steps of a model accept the batches of `Shares`, if there are several devices."""
    distribution: Any = keras.distribution.distribution()
    if distribution is None:
        return
    # Keras reads the shardings of the variables when it creates a step
    model.optimizer.build(model.trainable_variables)
    model.train_step = _cut(model.train_step, distribution)
    model.test_step = _cut(model.test_step, distribution)


def _cut(step: Callable[[Any, Any], Any], distribution: Any) -> Callable[[Any, Any], Any]:
    """The step for a batch of `Shares`."""
    import jax

    def of_rows(state: Any, data: tuple[Any, ...]) -> Any:
        batch, _, (marks, *weights) = data

        def rows_of(array: Any) -> Any:
            if len(array) == marks.shape[1]:
                return array
            layout = distribution.get_data_layout(array.shape).backend_layout
            # made explicit, so that each device continues with its own rows
            return jax.lax.with_sharding_constraint(array[: marks.shape[1]], layout)

        batch = {name: rows_of(array) for name, array in batch.items()}
        return step(state, (batch, None, *map(rows_of, weights)) if weights else (batch,))

    return of_rows
