"""Data that are objects in memory, from any library: one line for each kind."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Any, NamedTuple

import numpy as np

from condvae.checks import InputError
from condvae.data.batches import batches_dataset, in_order, once, rows_of
from condvae.data.counts import annotated_dataset, matrix_dataset
from condvae.data.dataset import Dataset
from condvae.data.frames import frame_dataset
from condvae.data.hugging_face import hugging_face_dataset
from condvae.data.labelled_arrays import array_dataset, arrays_dataset
from condvae.data.mapped import is_mapped
from condvae.data.parts import dataset_of_parts, parts_of
from condvae.spec import DataSpec


class Source(NamedTuple):
    """A kind of object that holds data.

    Attributes:
        called: its name in messages.
        of: modules of its class, or of a base class; the class name may follow after a colon.
        No library is imported for the check.
        dataset: function that reads it.
    """

    called: str
    of: tuple[str, ...]
    dataset: Callable[[Any, DataSpec], Dataset]


SOURCES = (
    Source(
        "a Hugging Face data set",
        ("datasets.arrow_dataset:Dataset", "datasets.dataset_dict:DatasetDict"),
        hugging_face_dataset,
    ),
    Source(
        "a Hugging Face stream",
        ("datasets.iterable_dataset",),
        lambda data, spec: batches_dataset(iter(data), spec),
    ),
    Source("an AnnData", ("anndata",), annotated_dataset),
    Source("a SciPy sparse matrix", ("scipy.sparse",), matrix_dataset),
    Source("an xarray.DataArray", ("xarray.core.dataarray",), array_dataset),
    Source("an xarray.Dataset", ("xarray.core.dataset",), arrays_dataset),
    Source(
        "a torch DataLoader",
        ("torch.utils.data.dataloader:DataLoader",),
        lambda data, spec: batches_dataset(in_order(data), spec, first=True),
    ),
    Source(
        "a torch IterableDataset",
        ("torch.utils.data.dataset:IterableDataset",),
        lambda data, spec: batches_dataset(iter(data), spec, first=True),
    ),
    Source(
        "a torch Dataset",
        ("torch.utils.data.dataset:Dataset",),
        lambda data, spec: batches_dataset(rows_of(data), spec, first=True),
    ),
    Source(
        "a tf.data.Dataset",
        ("tensorflow.python.data",),
        lambda data, spec: batches_dataset(data.as_numpy_iterator(), spec),
    ),
    Source(
        "a Keras PyDataset",
        ("keras.src.trainers.data_adapters.py_dataset_adapter",),
        lambda data, spec: batches_dataset(rows_of(data), spec),
    ),
    Source(
        "a frame of pandas, Polars or Arrow",
        ("pandas", "polars", "pyarrow", "modin", "cudf", "dask.dataframe", "duckdb", "narwhals"),
        frame_dataset,
    ),
)
OTHERS = "a tuple or a dictionary of arrays, an array of images, or a generator of batches"


def is_read_once(data: Any) -> bool:
    """Whether data are consumed by reading, so that a run on them cannot continue."""
    return isinstance(data, Iterator)


def read_object(data: Any, spec: DataSpec) -> Dataset:
    """The data set of an object.

    Raises:
        InputError: an object of an unknown kind, or what its reader refuses.
    """
    classes = [f"{kind.__module__}:{kind.__name__}" for kind in type(data).__mro__]
    for source in SOURCES:
        if any(_is_of(name, prefix) for name in classes for prefix in source.of):
            return source.dataset(data, spec)
    if is_read_once(data):
        return batches_dataset(once(data), spec)
    if isinstance(data, Mapping | tuple | np.ndarray) or is_mapped(data):
        return dataset_of_parts(parts_of(data), spec)
    if isinstance(data, Iterable) and isinstance(data, Sized):
        return batches_dataset(data, spec)
    raise InputError(
        f"the data must be a name, a path, a Dataset, "
        f"{', '.join(source.called for source in SOURCES)}, {OTHERS}",
        type(data).__name__,
        "Pass one of these, or call Dataset.from_arrays(x, y).",
    )


def _is_of(name: str, prefix: str) -> bool:
    """Whether "module:Class" is in a module, or is that very class."""
    return name == prefix or name.startswith((f"{prefix}.", f"{prefix}:"))
