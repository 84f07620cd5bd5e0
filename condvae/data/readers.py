"""From a file or a folder to a data set: one function for each format."""

import logging
import math
import re
from pathlib import Path

import numpy as np

from condvae.checks import InputError
from condvae.conditions import named_kinds
from condvae.conditions.carried import Carried
from condvae.conditions.formats import PLAIN
from condvae.data.array_sources import array_store
from condvae.data.dataset import Dataset
from condvae.data.file_tree import is_tree
from condvae.data.idx import read_idx
from condvae.data.image_folder import read_image_folder
from condvae.data.named_arrays import read_arrays
from condvae.data.parquet_images import read_parquet_images
from condvae.data.tables import Columns, TableFile, read_table, table_suffix
from condvae.spec import DataSpec

# a pixel's number, or its row and column
PIXEL_COLUMN = re.compile(r"(?:pixel|px|p)[_.]?\d+|\d+x\d+", re.IGNORECASE)
LEAST_SIDE = 4
_log = logging.getLogger(__name__)

FORMATS = (
    "a file with the arrays x and y (.npz, .h5, .mat) or a folder of .npy files, an IDX images "
    "file (train-images-idx3-ubyte, .gz or not) with its labels file beside it, a folder of IDX "
    "files, a folder (or a .zip or .tar) of images with a folder per class or a table of what they "
    "show, or a table (.csv, .tsv, .jsonl, .xlsx, .parquet)"
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
    # before image folders: a folder of IDX files may hold other folders
    if path.is_dir() and _images_file(path, "train"):
        return read_idx_folder(path, spec)
    if (images := read_parquet_images(path, spec or DataSpec())) is not None:
        return images
    if path.is_file() and table_suffix(path):
        return table_dataset(read_table(path, spec), path, spec)
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


def table_dataset(
    table: TableFile,
    path: Path | str,
    spec: DataSpec | None = None,
    splits: np.ndarray | None = None,
) -> Dataset:
    """A data set of a table, but for the columns that tell a model nothing; those are named.

    Args:
        path: of the file; "" of a table in memory.
        splits: (N,) of each row, where the source says so.
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
            anew = "written anew in generated rows" if found else "not in generated rows"
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
    """The images of a table that has a column for each pixel, as Kaggle's MNIST; None of others."""
    found = pixels_and_columns(columns)
    if found is None:
        return None
    x, rest = found
    pixels = [name for name in columns if name not in rest]
    _log.warning("%s: the columns %s to %s are images", path or "table", pixels[0], pixels[-1])
    return Dataset.from_columns(rest, x, name=str(path), spec=spec)


def pixels_and_columns(columns: Columns) -> tuple[np.ndarray, Columns] | None:
    """Images (N, side, side) uint8 of columns of pixels, and the others; None without such."""
    pixels = [name for name in columns if PIXEL_COLUMN.fullmatch(name)]
    side = math.isqrt(len(pixels))
    if side < LEAST_SIDE or side**2 != len(pixels):
        return None
    levels = np.stack([columns[name] for name in pixels], axis=1)
    if levels.dtype.kind != "f" or not np.isin(levels, np.arange(256)).all():
        return None
    x = levels.astype("uint8").reshape(-1, side, side)
    return x, {name: values for name, values in columns.items() if name not in pixels}


def read_idx_pair(images: Path, spec: DataSpec | None = None) -> Dataset:
    """A data set of an IDX images file and the labels file beside it.

    Raises:
        InputError: no labels file, or what `idx_content` or `Dataset.from_arrays` refuses.
    """
    x, y = _idx_pair(images)
    return Dataset.from_arrays(x, y, name=str(images), spec=spec)


def read_idx_folder(folder: Path, spec: DataSpec | None = None) -> Dataset:
    """A data set of the IDX files train-… in a folder, and t10k-… as its test set if there.

    Raises:
        InputError: no labels file, or what `idx_content` or `Dataset.from_arrays` refuses.
    """
    train, test = _images_file(folder, "train"), _images_file(folder, "t10k")
    if train is None:
        raise InputError(
            f"{folder} must hold train-images-idx3-ubyte", "no such file", "Check the folder."
        )
    x, y = _idx_pair(train)
    return Dataset.from_arrays(
        x, y, name=str(folder), test=_idx_pair(test) if test else None, spec=spec
    )


def _images_file(folder: Path, part: str) -> Path | None:
    """The IDX images file of a part ("train" or "t10k"); the plain one before the gzipped."""
    found = sorted(path for path in folder.glob(f"{part}-images*idx3*") if path.is_file())
    return found[0] if found else None


def _idx_pair(images: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, height, width) and labels (N,), uint8."""
    plain = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    candidates = [images.with_name(plain), images.with_name(f"{plain}.gz")]
    labels = next((path for path in candidates if path.is_file()), None)
    if labels is None:
        raise InputError(
            f"{images} must have its labels beside it, {plain} (.gz or not)",
            "no such file",
            "Put the labels file there.",
        )
    return read_idx(images, 3), read_idx(labels, 1)
