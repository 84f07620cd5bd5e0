"""Named arrays in memory, as in a batch or a data set: images, labels and columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.data.dataset import Dataset
from condvae.data.flat import is_flat
from condvae.data.mapped import is_mapped, num_axes
from condvae.data.memory_columns import columns_dataset
from condvae.data.named_arrays import IMAGES, LABELS, unlabelled
from condvae.spec import DataSpec

SEVERAL = 2  # parts of a pair


def parts_of(batch: Any) -> dict[str, Any]:
    """{name: values} of a batch: a dictionary, alone or first as in Keras, (x, y), or x alone.

    Raises:
        InputError: more than two parts without names.
    """
    if isinstance(batch, tuple | list) and batch and isinstance(batch[0], Mapping):
        batch = batch[0]
    if isinstance(batch, Mapping):
        return {str(name): values for name, values in batch.items()}
    if not isinstance(batch, tuple | list):
        return {"x": batch}
    if not 1 <= len(batch) <= SEVERAL:
        raise InputError(
            "a batch must be (x, y), or a dictionary of arrays by name",
            f"{len(batch)} parts",
            "Name them, such as {'x': images, 'age': ages}.",
        )
    return dict(zip(("x", "y"), batch, strict=False))


def dataset_of_parts(parts: Mapping[str, Any], spec: DataSpec) -> Dataset:
    """The data set of named arrays: images with their conditions, or the columns of a table.

    Images are called "x", "image", "images" or "data", their labels "y", "label", "labels",
    "target" or "targets"; all others are named conditions. Without images, or if these are rows
    of numbers with columns beside them, it is a table.

    Raises:
        InputError: what `Dataset.from_arrays` and `Dataset.from_columns` refuse.
    """
    x_name = next((n for n in IMAGES if n in parts and _is_of_rows(parts[n])), None)
    if x_name is None:
        return columns_dataset(parts, spec)
    others = {name: values for name, values in parts.items() if name != x_name}
    x, only = parts[x_name], next(iter(others), "")
    if not others:
        rows = x if is_mapped(x) else np.asarray(x)
        if is_flat(rows, spec):
            return columns_dataset(
                {f"x{n}": values for n, values in enumerate(np.asarray(rows).T)}, spec
            )
        return Dataset.from_arrays(rows, unlabelled(len(rows), "the data"), spec=spec)
    if len(others) == 1 and only in LABELS and not spec.conditions:
        return Dataset.from_arrays(x, others[only], spec=spec)
    if is_flat(x, spec):
        columns = {f"x{n}": values for n, values in enumerate(np.asarray(x).T)}
        return columns_dataset(columns | others, spec)
    return Dataset.from_columns(others, x, spec=spec)


def _is_of_rows(values: Any) -> bool:
    """Whether there is more than one value per row; a table may have a column called x."""
    try:
        return num_axes(values) > 1
    except ValueError:  # images of different sizes, which the caller refuses
        return True


def concatenated(batches: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Blocks of named arrays, concatenated.

    Raises:
        InputError: no block, or blocks whose names or forms differ from the first.
    """
    if not batches:
        raise InputError("the data must yield at least one batch", "none", "Add some.")
    names = list(batches[0])
    for place, batch in enumerate(batches):
        if set(batch) != set(names):
            raise InputError(
                f"each batch must have the names of the first, {', '.join(names)}",
                f"{', '.join(batch)} in batch {place}",
                "Use the same names.",
            )
    try:
        return {name: np.concatenate([batch[name] for batch in batches]) for name in names}
    except ValueError as error:
        raise InputError("all batches must be alike", str(error), "Use one form.") from None
