"""Hugging Face data sets, read as Arrow tables, so that our reader decodes the pictures."""

import importlib
import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.data.dataset import Dataset
from condvae.data.frames import frame_dataset
from condvae.data.parts import dataset_of_parts
from condvae.data.splits import split_of_name
from condvae.spec import DataSpec

_log = logging.getLogger(__name__)


def hugging_face_dataset(dataset: Any, spec: DataSpec) -> Dataset:
    """The data set of a datasets.Dataset, or of a DatasetDict, whose parts are the splits.

    It equals that of the Parquet files that `Dataset.to_parquet` writes: a column of pictures
    makes images, and class codes have their names.

    Raises:
        InputError: no training split, or what `frame_dataset` refuses.
    """
    parts = dataset if isinstance(dataset, Mapping) else {"train": dataset}
    known = {name: split_of_name(name) for name in parts}
    if "train" not in known.values():
        raise InputError(
            "a DatasetDict must have a part for training, 'train'",
            ", ".join(parts),
            "Pass one of its parts, such as data['test'].",
        )
    if others := [name for name, split in known.items() if not split]:
        _log.warning("%s: no splits, skipped", ", ".join(others[:5]))
    parts = {known[name]: part for name, part in parts.items() if known[name]}
    first = parts["train"]
    arrow: Any = importlib.import_module("pyarrow")
    tables = [part.with_format("arrow")[:] for part in parts.values()]
    splits = np.repeat([*parts], [len(table) for table in tables]) if len(parts) > 1 else None
    if any(_is_array(arrow, field.type) for field in tables[0].schema):
        if len(parts) > 1:
            raise InputError(
                "a DatasetDict must hold cells and pictures",
                "columns of arrays",
                "Pass one part; it is split by the seed.",
            )
        return dataset_of_parts(first.with_format("numpy")[:], spec)
    # features are of many kinds, only one of which has names
    names = {name: getattr(feature, "names", ()) for name, feature in first.features.items()}
    return frame_dataset(arrow.concat_tables(tables), spec, names, splits)


def _is_array(arrow: Any, kind: Any) -> bool:
    """Whether the cells of an Arrow type are arrays or lists."""
    is_extension = isinstance(kind, arrow.ExtensionType)
    return is_extension or (arrow.types.is_nested(kind) and not arrow.types.is_struct(kind))
