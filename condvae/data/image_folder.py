"""A folder or archive of images, whose classes are its folders or the columns of a table."""

import logging
import posixpath
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import finalize

import numpy as np

from condvae.checks import InputError, check_memory
from condvae.conditions.name_patterns import name_patterns
from condvae.data.arrays import bytes_needed
from condvae.data.dataset import Dataset
from condvae.data.decoded import DecodedRows
from condvae.data.file_names import columns_of_names
from condvae.data.file_tree import FileTree, file_tree, folders_of
from condvae.data.files import Files
from condvae.data.folder_names import label_of_folder
from condvae.data.mapped import as_mapped
from condvae.data.pictures import (
    IMAGE_SUFFIXES,
    PIXEL_BYTES,
    check_decoding,
    has_16_bits,
    is_grey,
    opened,
    size_of,
)
from condvae.data.splits import SPLITS
from condvae.data.tables import read_table, table_suffix
from condvae.spec import DataSpec

FILE_COLUMNS = ("file", "filename", "file_name", "image", "path", "filepath", "image_id", "id")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Layout:
    """What the file names of images say.

    Attributes:
        names: names of the images that have a label, sorted.
        labels: label of each.
        splits: split of each, "train", "validation" or "test"; None if no folder is a split.
        notes: how the folder was interpreted, one sentence each.
    """

    names: list[str]
    labels: list[str]
    splits: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def read_image_folder(path: Path, spec: DataSpec | None = None) -> Dataset:
    """A data set of the images in a folder or in a zip or tar archive.

    The classes are the folders that hold the images, inside folders train, val and test if there
    are such, which are then the splits. Alternatively, patterns in `spec.conditions` parse the
    file names, or a table (.csv, .tsv or .parquet) names the images in a column `file` or the
    like, and has the conditions as further columns. Images stay grey if all are grey; else all
    become RGB. 1-bit images become 0 and 255, 16-bit images keep their first eight bits, and a
    camera's orientation is applied. Hidden files and files with other suffixes are skipped. With
    `spec.resize`, images are scaled to that size; with `spec.skip_broken`, images that cannot be
    decoded are named in a warning and left out.

    Raises:
        InputError: no images in folders, a broken or oversized image, images of different sizes,
            more of them than memory should hold, or what `Dataset.from_arrays` refuses.
    """
    spec = spec or DataSpec()
    with ExitStack() as closing:
        tree = closing.enter_context(file_tree(path))
        if (table := attribute_table(tree)) is not None:
            return _read_with_table(tree, table, spec)  # a folder, which needs no closing
        patterns = name_patterns(spec.conditions)
        layout = layout_of(tree, labelled=not patterns)
        for note in layout.notes:
            _log.warning("%s: %s", path, note)
        columns, kinds, fitting = {}, {}, list(range(len(layout.names)))
        if patterns:
            columns, kinds, fitting = columns_of_names(patterns, layout.names, path)
        # NumPy strings are all as wide as the longest
        longest = max(map(len, layout.labels))
        of_labels = bytes_needed((len(layout.names),), np.dtype(f"U{longest}"))
        x, rows, files = read_images(tree, [layout.names[row] for row in fitting], spec, of_labels)
        if spec.mapped:
            finalize(x.sources[0], closing.pop_all().close)
    of_x = [fitting[row] for row in rows]
    labels = [layout.labels[row] for row in of_x]
    splits = None if layout.splits is None else layout.splits[of_x]
    settings: dict[str, Any] = {"name": str(path), "splits": splits, "files": files, "spec": spec}
    if not patterns:
        return Dataset.from_arrays(x, labels, **settings)
    columns = {name: values[rows] for name, values in columns.items()}
    # the folders may serve as one more condition
    columns |= {"label": np.array(labels)} if "label" not in columns and any(labels) else {}
    return Dataset.from_columns(columns, x, kinds=kinds, **settings)


def layout_of(tree: FileTree, labelled: bool = True) -> Layout:
    """Classes and splits from the folders' names.

    Args:
        tree: the files.
        labelled: whether the folders are the classes; else all images are used, also at the top.

    Raises:
        InputError: no images, or none in a folder.
    """
    names = [name for name in tree.names if name.lower().endswith(IMAGE_SUFFIXES)]
    notes = []
    # but not folders within an empty one
    held = {"", *folders_of(names)}
    empty = [f for f in tree.folders if f not in held and posixpath.dirname(f) in held]
    if empty:
        notes.append(f"no images in the folder(s) {listed(empty)}: skipped")
    # an archive, and often a folder, has a single folder around all others
    top = 0
    while len({name.split("/")[top] for name in names}) == 1 and all(
        name.count("/") > top + 1 for name in names
    ):
        top += 1
    parts = [name.split("/")[top:] for name in names]
    # top folders with these names only are splits; else they are classes
    firsts = {part[0].lower() for part in parts if len(part) > 1}
    splits = None
    if firsts <= SPLITS.keys() and "train" in {SPLITS[first] for first in firsts}:
        splits = [SPLITS.get(part[0].lower(), "") for part in parts]
        parts = [part[1:] for part in parts]
    unlabelled = [name for name, part in zip(names, parts, strict=True) if len(part) < 2]
    if labelled and unlabelled and len(unlabelled) < len(names):
        notes.append(f"{len(unlabelled):,} image(s) in no class folder: skipped")
    kept = [place for place, part in enumerate(parts) if len(part) > 1 or not labelled]
    if not kept:
        raise InputError(
            f"{tree.path} must hold images in a folder for each class, or with a table of what "
            "they show",
            f"{len(names):,} image(s) in no class folder" if names else "no images",
            f"Put images ({', '.join(IMAGE_SUFFIXES[:5])} and the like) into folders, or give the "
            "pattern of their names, such as --condition '{age}_*'.",
        )
    # if no image lies directly in a top folder, such as animals, the classes are deeper
    deep = all(len(parts[place]) > 2 for place in kept)
    of_kept = [parts[place][:-1] for place in kept]
    labels = [folders[-1 if deep else 0] if folders else "" for folders in of_kept]
    if deep:
        example = "/".join(parts[kept[0]][:-1])
        notes.append(f"the deepest folders are the classes: {example} is {labels[0]!r}")
    if splits is not None:
        splits = [splits[place] for place in kept]
        counts = Counter(splits)
        notes.append(
            "the folders are the splits: "
            + ", ".join(f"{counts[name]:,} for {name}" for name in ("train", "validation", "test"))
        )
    return Layout(
        [names[place] for place in kept],
        [label_of_folder(label) for label in labels],
        None if splits is None else np.asarray(splits),
        tuple(notes),
    )


def listed(names: Sequence[str]) -> str:
    """Some names, and the number of further ones."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(repr, names[:5])) + more


def attribute_table(tree: FileTree) -> str | None:
    """The table that describes the images; None if there is none.

    It is at the top, or beside a single folder of all images.

    Raises:
        InputError: there are several tables.
    """
    found = [name for name in tree.names if "/" not in name and table_suffix(Path(name))]
    if len(found) > 1:
        raise InputError(
            f"{tree.path} must hold one table beside its images",
            ", ".join(found[:5]),
            "Move the others elsewhere.",
        )
    return found[0] if found else None


def _read_with_table(tree: FileTree, table: str, spec: DataSpec) -> Dataset:
    """The images that a table names, with its other columns as conditions."""
    called = tree.called(table)
    if not tree.path.is_dir():
        raise InputError(
            f"{tree.path} must hold a folder for each class",
            f"the table {table}, which is not read in an archive",
            "Unpack the archive.",
        )
    columns = read_table(Path(called), spec).columns
    column = next((name for name in columns if name.strip().lower() in FILE_COLUMNS), None)
    files = columns.pop(column).astype(str).tolist() if column is not None else []
    if not files or not columns:
        raise InputError(
            f"{called} must have a column {FILE_COLUMNS[0]!r} (or {', '.join(FILE_COLUMNS[1:])}), "
            "the images' paths, and conditions",
            f"the columns {', '.join([*columns, *([column] if column else [])])[:200]}",
            "Name the columns in its first line.",
        )
    by_stem = {
        posixpath.splitext(name)[0]: name
        for name in tree.names
        if name.lower().endswith(IMAGE_SUFFIXES)
    }
    # beside a single folder of all images
    tops = ["", *(f"{top}/" for top in tree.folders if "/" not in top)]
    names = []
    for row, file in enumerate(files):
        candidates = [f"{top}{file}" for top in tops]
        # an id is a file name without its suffix
        candidates += [by_stem[f"{top}{file}"] for top in tops if f"{top}{file}" in by_stem]
        name = next((c for c in candidates if file and tree.holds(c)), None)
        # a path in a table must not lead out of its folder, by .. or by a link
        if name is None:
            raise InputError(
                f"{called} must name images in {tree.path}",
                f"{file!r} in row {row}, which is not an image there",
                "Correct the path, or remove the row.",
            )
        names.append(name)
    x, rows, files = read_images(tree, names, spec)
    columns = {name: values[rows] for name, values in columns.items()}
    return Dataset.from_columns(columns, x, name=str(tree.path), files=files, spec=spec)


def read_images(
    tree: FileTree, names: list[str], spec: DataSpec, more_bytes: int = 0
) -> tuple[Any, list[int], Files]:
    """The images (n, height, width, channels) uint8, which names they belong to, and their files.

    Args:
        more_bytes: bytes of the data that accompany the images.
        spec: if it says `mapped`, images are decoded on request.
    """
    rows = list(range(len(names)))
    if spec.skip_broken:
        rows = sorted(row for row in tree.in_order(names) if _is_whole(tree, names[row]))
        if not rows:
            raise InputError(f"{tree.path} must hold images", "no intact image", "Add some.")
    names = [names[row] for row in rows]
    mode, size, forms = _common_form(tree, names, spec.resize)
    width, height = size
    x, files = DecodedRows(tree, names, mode, size), Files(names, forms)
    if spec.mapped:
        return as_mapped(x), rows, files
    check_memory(
        bytes_needed(x.shape, x.dtype) + more_bytes + PIXEL_BYTES * width * height,
        f"the {len(names):,} images of {width} × {height} pixels in {tree.path}, with copies,",
        f"Pack them once, `condvae data pack {tree.path} OUT`, and train on OUT, which is read "
        "from disk; or use fewer or smaller images, for example with --resize.",
    )
    return x[:], rows, files


def _is_whole(tree: FileTree, name: str) -> bool:
    """Whether an image can be decoded; one that cannot is named in a warning."""
    called = tree.called(name)
    try:
        with tree.open(name) as file, opened(file, called, tree.size(name)) as image:
            check_decoding(image, file, called)
            image.load()
    except InputError as error:
        _log.warning("left out: %s", error)
        return False
    return True


def _common_form(
    tree: FileTree, names: list[str], resize: tuple[int, int] | None
) -> tuple[str, tuple[int, int], list[str]]:
    """Mode ("L" or "RGB") and (width, height) that all images get, and each header's own.

    Args:
        resize: (height, width) that they are scaled to; None: all must have the same size.
    """
    # one example is kept of each size, for the message
    mode, first_of_size, of_16_bits = "L", {}, 0
    forms, known = [""] * len(names), {}
    for place in tree.in_order(names):
        name, called = names[place], tree.called(names[place])
        with tree.open(name) as file, opened(file, called, tree.size(name)) as image:
            check_decoding(image, file, called)
            width, height = size_of(image)
            first_of_size.setdefault((width, height), called)
            form = f"{width} × {height} {image.mode}"
            # one shared text for all images of a form
            forms[place] = known.setdefault(form, form)
            of_16_bits += has_16_bits(image)
            if not is_grey(image):
                mode = "RGB"
    if of_16_bits:
        _log.warning(
            "%s: %s image(s) of 16 bits a channel are divided by 256", tree.path, f"{of_16_bits:,}"
        )
    if resize is not None:
        height, width = resize
        return mode, (width, height), forms
    if len(first_of_size) > 1:
        sizes = [f"{width} × {height} ({path})" for (width, height), path in first_of_size.items()]
        more = f" and {len(sizes) - 5} more sizes" if len(sizes) > 5 else ""
        raise InputError(
            "all images must have the same width × height",
            ", ".join(sizes[:5]) + more,
            "Scale them with --resize HEIGHT,WIDTH, or crop them to one size.",
        )
    return mode, next(iter(first_of_size)), forms
