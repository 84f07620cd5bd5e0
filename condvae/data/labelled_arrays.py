"""xarray objects: the first dimension is the rows, coordinates along it are columns."""

from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.data.dataset import Dataset
from condvae.data.parts import dataset_of_parts
from condvae.spec import DataSpec

CHANNEL_DIMS = ("channel", "channels", "band", "bands", "rgb")


def array_dataset(array: Any, spec: DataSpec) -> Dataset:
    """The data set of a DataArray: images or rows of numbers, and its coordinates along the rows.

    Coordinates along the first dimension, except its own index, are the conditions of the rows.
    """
    rows = array.dims[0]
    columns = {
        str(name): np.asarray(coordinate)
        for name, coordinate in array.coords.items()
        if coordinate.dims == (rows,) and name != rows
    }
    return dataset_of_parts({"x": _channels_last(array), **columns}, spec)


def arrays_dataset(arrays: Any, spec: DataSpec) -> Dataset:
    """The data set of an xarray.Dataset: a table of columns, or images and their conditions.

    The variable with three or more dimensions is the images, the others are columns.

    Raises:
        InputError: several image variables, or none that share their first dimension.
    """
    variables = {str(name): variable for name, variable in arrays.data_vars.items()}
    images = [name for name, variable in variables.items() if variable.ndim > 2]
    firsts = {variable.dims[:1] for variable in variables.values()}
    if len(images) > 1 or len(firsts) != 1:
        raise InputError(
            "an xarray.Dataset must have one dimension of rows, first in all its variables, and "
            "one variable of images at most",
            f"images {', '.join(images) or 'none'}, first dimensions {sorted(map(str, firsts))}",
            "Choose its variables, such as dataset[['image', 'label']].",
        )
    (rows,) = firsts
    columns = {
        str(name): coordinate
        for name, coordinate in arrays.coords.items()
        if coordinate.dims == rows and (name,) != rows
    }
    parts = {name: np.asarray(v) for name, v in {**columns, **variables}.items()}
    for name in images:
        parts = {"x": _channels_last(variables[name])} | {n: parts[n] for n in parts if n != name}
    return dataset_of_parts(parts, spec)


def _channels_last(array: Any) -> np.ndarray:
    """An array with its channel dimension, known by its name, last."""
    channels = [dim for dim in array.dims[1:] if str(dim).lower() in CHANNEL_DIMS]
    return np.asarray(array.transpose(..., *channels) if array.ndim == 4 else array)
