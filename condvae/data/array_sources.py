"""Which arrays a path stands for: those of one file, of the files beside it, or of a folder."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from condvae.checks import InputError
from condvae.conditions import named_kinds
from condvae.data.array_store import ArrayStore, Together
from condvae.data.file_tree import is_shown
from condvae.data.hdf5 import Hdf5File, is_hdf5
from condvae.data.mat import MatFile
from condvae.data.named_arrays import IMAGES, LABELS, has_known_names
from condvae.data.npz import NpyFiles, NpyParts, NpzFile
from condvae.data.splits import split_of_name
from condvae.spec import DataSpec

NPY, NPZ, MAT, HDF5 = ".npy", ".npz", ".mat", (".h5", ".hdf5", ".hdf", ".he5")
SUFFIXES = (NPZ, MAT, *HDF5)  # suffixes of files that hold several arrays
# name of an array and number of its part
PART = re.compile(r"(.*[A-Za-z])[-_.](\d{1,12})")
_log = logging.getLogger(__name__)


def array_store(path: Path, spec: DataSpec) -> ArrayStore | None:
    """The arrays that a file or a folder holds; None if it holds none.

    A folder holds an `.npy` for each array, or a file of arrays for each split, whose name starts
    with the split's name.
    with the split's.

    Raises:
        InputError: a damaged file, or two files for one split.
    """
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        return None
    return _with_siblings(path, spec) if path.suffix.lower() == NPY else _of_file(path)


def _of_file(path: Path) -> ArrayStore | None:
    """The arrays of one file."""
    suffix = path.suffix.lower()
    if suffix == NPZ:
        return NpzFile(path)
    if suffix == MAT:
        return Hdf5File(path, by_columns=True) if is_hdf5(path) else MatFile(path)
    return Hdf5File(path) if suffix in HDF5 else None


def _of_folder(folder: Path) -> ArrayStore | None:
    """The arrays of a folder's files; None if there are none at its top level."""
    shown = sorted(file for file in folder.iterdir() if is_shown(file.name))
    files = [file for file in shown if file.is_file()]
    single = {file.stem: file for file in files if file.suffix.lower() == NPY}
    # beside folders of images, arrays with unknown names are something else
    parts = _in_parts(single)
    if has_known_names(parts):
        return NpyParts(folder, parts)
    if single and (len(files) == len(shown) or has_known_names(single)):
        return NpyFiles(folder, single)
    if len(files) < len(shown):
        return None
    several = [file for file in files if file.suffix.lower() in SUFFIXES]
    of_splits: dict[str, Path] = {}
    for file in several:
        split = split_of_name(file.name)
        if split in of_splits:
            raise InputError(
                f"{folder} must hold one file of arrays for each split",
                f"{of_splits[split].name} and {file.name}",
                "Name one of them, or move the other one elsewhere.",
            )
        if split:
            of_splits[split] = file
        elif len(several) > 1:
            _log.warning("%s: %s belongs to no split: skipped", folder, file.name)
    if len(several) == 1 and not of_splits:
        return _of_file(several[0])
    if "train" not in of_splits:
        return None
    # named like the arrays of the splits elsewhere
    names = {"train": "train", "validation": "val", "test": "test"}
    with ExitStack() as opened:
        stores = {}
        for split, file in of_splits.items():
            if (store := _of_file(file)) is not None:
                stores[names[split]] = opened.enter_context(store)
        together = Together(folder, stores)
        together.opened = opened.pop_all()
    return together


def _in_parts(files: Mapping[str, Path]) -> dict[str, list[Path]]:
    """The files of each array that is stored in numbered parts, by their numbers."""
    found: dict[str, dict[int, Path]] = {}
    for stem, file in files.items():
        if (part := PART.fullmatch(stem)) is not None:
            found.setdefault(part[1], {})[int(part[2])] = file
    return {name: [of[number] for number in sorted(of)] for name, of in found.items()}


def _with_siblings(path: Path, spec: DataSpec) -> NpyFiles:
    """The array of an .npy, with its labels or the named conditions beside it."""
    files = (file for file in path.parent.iterdir() if file.suffix.lower() == NPY and file != path)
    beside = {file.stem: file for file in files if file.is_file()}
    if spec.conditions:
        named = named_kinds(spec.conditions, list(beside))
        return NpyFiles(path, {"x": path, **{name: beside[name] for name in named}})
    label = next((name for name in label_names(path.stem) if name in beside), None)
    if label is None:
        return NpyFiles(path, {"x": path})
    _log.warning("%s: its labels are %s", path, beside[label].name)
    return NpyFiles(path, {"x": path, "y": beside[label]})


def label_names(stem: str) -> Iterator[str]:
    """Possible names for the labels of an array of images: y_train for X_train, y for any."""
    for word in re.split(r"[_\-. ]", stem):
        if word in IMAGES:
            own = re.compile(rf"(?<![a-zA-Z0-9]){word}(?![a-zA-Z0-9])")
            yield from (own.sub(label, stem, count=1) for label in LABELS)
    yield from (f"{stem}_{label}" for label in LABELS)
    yield from LABELS
