"""Data that come as rows or batches: from torch, tf.data, generators, Keras's PyDataset."""

import importlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from condvae.blocks import as_array
from condvae.checks import InputError, check_memory
from condvae.data.arrays import looks_channels_first
from condvae.data.dataset import Dataset
from condvae.data.named_arrays import IMAGES
from condvae.data.parts import concatenated, dataset_of_parts, parts_of
from condvae.spec import DataSpec


def batches_dataset(batches: Iterable[Any], spec: DataSpec, first: bool = False) -> Dataset:
    """The data set of batches or of single rows, which are read once and kept in memory.

    Each is a pair (x, y), a list of the two, x alone, or {name: values}, as `dataset_of_parts`
    takes them; it is one row if its y, or any value of a dictionary, is a single value.

    Args:
        first: whether images may have their channels first, as in torch.

    Raises:
        InputError: batches that differ in form, or take more memory than allowed.
    """
    found: list[dict[str, np.ndarray]] = []
    rows, num_bytes = None, 0
    for batch in batches:
        arrays = {name: as_array(values) for name, values in parts_of(batch).items()}
        if rows is None:
            rows = any(values.ndim == 0 for values in arrays.values())
        if rows:
            arrays = {name: values[None] for name, values in arrays.items()}
        num_bytes += sum(values.nbytes for values in arrays.values())
        check_memory(4 * num_bytes, "what the batches hold, with copies,")
        found.append(arrays)
    parts = concatenated(found)
    if first:
        x = next((parts[name] for name in IMAGES if name in parts), None)
        if x is not None and spec.channels == "last" and looks_channels_first(x.shape):
            spec = spec.model_copy(update={"channels": "first"})
    return dataset_of_parts(parts, spec)


def rows_of(dataset: Any) -> Iterator[Any]:
    """The rows of a data set that is indexed by numbers."""
    for row in range(len(dataset)):
        yield dataset[row]


def in_order(loader: Any) -> Iterable[Any]:
    """Batches of a torch DataLoader, with rows in their original order if it only shuffles them.

    They can then be read again, bit for bit. A sampler that selects rows is left in place.
    """
    torch_data: Any = importlib.import_module("torch.utils.data")
    sampler = loader.sampler
    shuffles = isinstance(sampler, torch_data.RandomSampler) and not sampler.replacement
    if not shuffles or sampler.num_samples != len(loader.dataset) or loader.batch_size is None:
        return loader
    return torch_data.DataLoader(
        loader.dataset,
        batch_size=loader.batch_size,
        collate_fn=loader.collate_fn,
        num_workers=loader.num_workers,
    )


def once(batches: Iterator[Any]) -> Iterator[Any]:
    """Batches of a generator.

    Raises:
        InputError: it yields none, as it has been read before.
    """
    empty = True
    for batch in batches:
        empty = False
        yield batch
    if empty:
        raise InputError(
            "a generator must give batches",
            "none: it is empty, or has been read before",
            "Create a new one; load_data(generator) keeps its batches.",
        )
