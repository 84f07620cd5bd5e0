"""From a file or a folder to a data set: one function per format."""

import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import BeyondMemoryError, InputError, memory_bound
from condvae.conditions import named_kinds
from condvae.conditions.carried import Carried
from condvae.conditions.formats import PLAIN
from condvae.data.array_sources import array_store
from condvae.data.arrays import bytes_needed
from condvae.data.dataset import Dataset
from condvae.data.file_tree import is_tree
from condvae.data.idx import mapped_idx, read_idx
from condvae.data.image_folder import read_image_folder
from condvae.data.mapped import as_mapped, concatenated_rows, is_mapped
from condvae.data.named_arrays import read_arrays
from condvae.data.pack import is_pack, read_pack
from condvae.data.packed_table import read_table_pack
from condvae.data.parquet_images import read_parquet_images
from condvae.data.pixel_columns import pixels_and_columns
from condvae.data.table_pack import PixelTableError, cached_pack
from condvae.data.table_parts import open_table, table_parts
from condvae.data.table_record import is_table_pack
from condvae.data.tables import SHEETS, Columns, TableFile, read_table, table_suffix
from condvae.spec import DataSpec

IDX_PART = re.compile(r"-images[-_.](\d{1,12})[-_.]idx3")
_log = logging.getLogger(__name__)

FORMATS = (
    "a file with the arrays x and y (.npz, .h5, .mat) or a folder of .npy files, an IDX images "
    "file (train-images-idx3-ubyte, .gz or not) with its labels file beside it, a folder of IDX "
    "files, a folder (or a .zip or .tar) of images with a folder per class or a table of what they "
    "show, or a table (.csv, .tsv, .jsonl, .xlsx, .parquet) in one file, a folder of its parts, or "
    "a pattern such as parts/*.csv"
)


def read(path: Path | str, spec: DataSpec | None = None) -> Dataset:
    """The data set at a path, whatever its format.

    Args:
        path: an .npz file, an IDX images file, a folder, or a table.
        spec: how to split; None: the defaults.

    Raises:
        InputError: nothing there, another format, or content that does not fit.
    """
    path = Path(path)
    if path.is_file() and "idx3" in path.name:
        return read_idx_pair(path, spec)
    if is_pack(path):
        return read_pack(path, spec or DataSpec())
    if is_table_pack(path):
        return read_table_pack(path, spec or DataSpec())
    # before image folders: a folder of IDX files may hold other folders
    if path.is_dir() and _images_files(path, "train"):
        return read_idx_folder(path, spec)
    if (images := read_parquet_images(path, spec or DataSpec())) is not None:
        return images
    if parts := table_parts(path):
        return read_whole_or_packed(parts, path, spec or DataSpec())
    if (store := array_store(path, spec or DataSpec())) is not None:
        with store:
            return read_arrays(store, spec)
    if is_tree(path):
        return read_image_folder(path, spec)
    raise InputError(
        f"the data must be {FORMATS}",
        f"{path}, which is none of these" if path.exists() else f"{path}, which does not exist",
        "Check the path.",
    )


def read_whole_or_packed(parts: Mapping[Path, str], path: Path, spec: DataSpec) -> Dataset:
    """As `read_table_parts`, if memory should hold the table, unless the spec says otherwise.

    Otherwise it is packed once into the user's cache, and stays on disk.
    """

    def on_disk() -> Dataset:
        return replace(read_table_pack(cached_pack(parts, path, spec), spec), name=str(path))

    if spec.mapped:
        with suppress(PixelTableError):
            return on_disk()
    try:
        return read_table_parts(parts, path, spec)
    except BeyondMemoryError:
        if any(table_suffix(part) in SHEETS for part in parts):
            raise
    return on_disk()


def read_table_parts(parts: Mapping[Path, str], path: Path, spec: DataSpec) -> Dataset:
    """A data set of a table in some files, in memory.

    Args:
        parts: the files, and the split of each.
        path: their common name.

    Raises:
        InputError: parts of different formats or with different columns, or what `read_table` and
            `Dataset.from_columns` refuse.
    """
    files, splits = list(parts), None
    if "train" in parts.values():
        counts = open_table(files, spec, []).counts()
        splits = np.repeat(list(parts.values()), counts)
    return table_dataset(read_table(files[0], spec, files), path, spec, splits)


def table_dataset(
    table: TableFile,
    path: Path | str,
    spec: DataSpec | None = None,
    splits: np.ndarray | None = None,
) -> Dataset:
    """A data set of a table, without the columns that tell a model nothing, which are reported.

    Args:
        path: path of the file; "" for a table in memory.
        splits: (N,) split of each row, if the source states it.
    """
    spec, called = spec or DataSpec(), path or "the table"
    wanted = {*named_kinds(spec.conditions, list(table.columns)), *spec.ignore}
    columns = table.used(wanted)
    carried = []
    for note in table.notes:
        _log.warning("%s: %s", called, note)
    for reading in table.readings:
        if reading.name not in columns:
            found = None
            if reading.taken_for != "text":
                found = Carried.of_column(reading.name, table.columns[reading.name])
            carried += [found] if found else []
            anew = "but added to generated rows" if found else "not in generated rows"
            _log.warning("column %r (%s) is left out, %s", reading.name, reading.taken_for, anew)
    if (images := _pixels_in_columns(columns, path, spec)) is not None:
        return images
    formats = {reading.name: reading.format for reading in table.readings}
    of_file = {
        "order": tuple(name for name in table.columns if name not in spec.ignore),
        "formats": {name: form for name, form in formats.items() if form != PLAIN},
        "carried": tuple(carried),
    }
    return Dataset.from_columns(columns, name=str(path), splits=splits, spec=spec, of_file=of_file)


def _pixels_in_columns(columns: Columns, path: Path | str, spec: DataSpec) -> Dataset | None:
    """The images of a table with a column per pixel, like Kaggle's MNIST; None for others."""
    found = pixels_and_columns(columns)
    if found is None:
        return None
    x, rest = found
    pixels = [name for name in columns if name not in rest]
    _log.warning("%s: the columns %s to %s are images", path or "table", pixels[0], pixels[-1])
    return Dataset.from_columns(rest, x, name=str(path), spec=spec)


def read_idx_pair(images: Path, spec: DataSpec | None = None) -> Dataset:
    """A data set of an IDX images file and the labels file beside it.

    Raises:
        InputError: no labels file, or errors of `idx_content` or `Dataset.from_arrays`.
    """
    x, y = _idx_pairs([images], spec)
    return Dataset.from_arrays(x, y, name=str(images), spec=spec)


def read_idx_folder(folder: Path, spec: DataSpec | None = None) -> Dataset:
    """A data set of the IDX files train-… in a folder, with t10k-… as its test set if present.

    Either may be in numbered parts, such as train-images-00-idx3-ubyte.

    Raises:
        InputError: no labels file, or errors of `idx_content` or `Dataset.from_arrays`.
    """
    train, test = _images_files(folder, "train"), _images_files(folder, "t10k")
    if not train:
        raise InputError(
            f"{folder} must hold train-images-idx3-ubyte", "no such file", "Check the folder."
        )
    x, y = _idx_pairs(train, spec)
    test = _idx_pairs(test, spec) if test else None
    return Dataset.from_arrays(x, y, name=str(folder), test=test, spec=spec)


def _images_files(folder: Path, part: str) -> list[Path]:
    """The IDX images file of a part ("train" or "t10k"), plain before gzipped; or all its parts.

    All, in numerical order, if they are numbered.
    """
    found = sorted(path for path in folder.glob(f"{part}-images*idx3*") if path.is_file())
    numbered = {int(n[1]): path for path in found if (n := IDX_PART.search(path.name))}
    return [numbered[number] for number in sorted(numbered)] if numbered else found[:1]


def _idx_pairs(images: Sequence[Path], spec: DataSpec | None) -> tuple[Any, np.ndarray]:
    """Images (N, height, width) and labels (N,), uint8, of consecutive files.

    Images stay on disk if the spec says so, or if memory should not hold them all.
    """
    stay = [mapped_idx(path, 3) for path in images]
    # twice, because a test set of the same size may exist beside it
    needed = sum(2 * bytes_needed(x.shape, x.dtype) for x in stay if x is not None)
    if not (spec and spec.mapped) and needed <= memory_bound():
        stay = [None] * len(images)
    parts = [_idx_pair(path, x) for path, x in zip(images, stay, strict=True)]
    if len(parts) == 1:
        return parts[0]
    form = parts[0][0].shape[1:]
    for path, (x, _) in zip(images, parts, strict=True):
        if x.shape[1:] != form:
            raise InputError(
                f"{path} must hold images like {images[0].name}, {form}",
                f"{x.shape[1:]}",
                "Move it elsewhere.",
            )
    x = concatenated_rows([as_mapped(x) if is_mapped(x) else x for x, _ in parts])
    return x, np.concatenate([y for _, y in parts])


def _idx_pair(images: Path, mapped: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, height, width) and labels (N,), uint8.

    Args:
        mapped: whether the images stay on disk.
    """
    plain = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    candidates = [images.with_name(plain), images.with_name(f"{plain}.gz")]
    labels = next((path for path in candidates if path.is_file()), None)
    if labels is None:
        raise InputError(
            f"{images} must have its labels beside it, {plain} (.gz or not)",
            "no such file",
            "Put the labels file there.",
        )
    return read_idx(images, 3) if mapped is None else mapped, read_idx(labels, 1)
