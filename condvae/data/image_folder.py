"""A folder of images, or an archive of one: their classes by its folders, or by a table."""

import logging
import posixpath
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
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
    """What the names of images tell.

    Attributes:
        names: of the images that have a label, sorted.
        labels: of each.
        splits: of each, "train", "validation" or "test"; None where no folder is a split.
        notes: what was understood, a sentence each.
    """

    names: list[str]
    labels: list[str]
    splits: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def read_image_folder(path: Path, spec: DataSpec | None = None) -> Dataset:
    """A data set of the images in a folder, a zip or a tar archive.

    Their classes are the folders that they lie in, below folders train, val and test if there are
    such, which are the splits then. Or patterns among `spec.conditions` tell what their names say.
    Or a table (.csv, .tsv or .parquet) names them, in a column
    `file` or the like, and has the conditions as further columns. Grey images stay grey if all are;
    else all become RGB. 1-bit images become 0 and 255, of 16 bits the first eight are taken, and a
    camera's orientation is obeyed. Hidden files and files with other suffixes are passed over. With
    `spec.resize` images are scaled to that size; with `spec.skip_broken` those that cannot be
    decoded are named in a warning and left out.

    Raises:
        InputError: no images in folders, a broken or gigantic image, images of different sizes,
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
        # NumPy's strings are all as wide as the longest
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
    # the folders may be named as one more condition
    columns |= {"label": np.array(labels)} if "label" not in columns and any(labels) else {}
    return Dataset.from_columns(columns, x, kinds=kinds, **settings)


def layout_of(tree: FileTree, labelled: bool = True) -> Layout:
    """Classes and splits by the folders' names.

    Args:
        tree: the files.
        labelled: the folders are the classes; else any images count, those at the top too.

    Raises:
        InputError: no image, or none in a folder.
    """
    names = [name for name in tree.names if name.lower().endswith(IMAGE_SUFFIXES)]
    notes = []
    # but not those within an empty one
    held = {"", *folders_of(names)}
    empty = [f for f in tree.folders if f not in held and posixpath.dirname(f) in held]
    if empty:
        notes.append(f"no images in the folder(s) {listed(empty)}: passed over")
    # an archive, and often a folder, has one folder around all others
    top = 0
    while len({name.split("/")[top] for name in names}) == 1 and all(
        name.count("/") > top + 1 for name in names
    ):
        top += 1
    parts = [name.split("/")[top:] for name in names]
    # folders of these names at the top are splits; of any others, classes
    firsts = {part[0].lower() for part in parts if len(part) > 1}
    splits = None
    if firsts <= SPLITS.keys() and "train" in {SPLITS[first] for first in firsts}:
        splits = [SPLITS.get(part[0].lower(), "") for part in parts]
        parts = [part[1:] for part in parts]
    unlabelled = [name for name, part in zip(names, parts, strict=True) if len(part) < 2]
    if labelled and unlabelled and len(unlabelled) < len(names):
        notes.append(f"{len(unlabelled):,} image(s) in no class folder: passed over")
    kept = [place for place, part in enumerate(parts) if len(part) > 1 or not labelled]
    if not kept:
        raise InputError(
            f"{tree.path} must hold images in a folder for each class, or with a table of what "
            "they show",
            f"{len(names):,} image(s) in no class folder" if names else "no images",
            f"Put images ({', '.join(IMAGE_SUFFIXES[:5])} and the like) into folders, or say what "
            "their names tell, such as --condition '{age}_*'.",
        )
    # where no image lies right below a top folder, such as animals, the classes lie deeper
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
    """Some names, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(repr, names[:5])) + more


def attribute_table(tree: FileTree) -> str | None:
    """The table that says what the images show; None where there is none.

    It lies at the top, or beside a folder of all images.

    Raises:
        InputError: there are several.
    """
    found = [name for name in tree.names if "/" not in name and table_suffix(Path(name))]
    if len(found) > 1:
        raise InputError(
            f"{tree.path} must hold one table beside its images",
            ", ".join(found[:5]),
            "Move the others away.",
        )
    return found[0] if found else None


def _read_with_table(tree: FileTree, table: str, spec: DataSpec) -> Dataset:
    """The images that a table names, its other columns their conditions."""
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
    # beside a folder of all images
    tops = ["", *(f"{top}/" for top in tree.folders if "/" not in top)]
    names = []
    for row, file in enumerate(files):
        candidates = [f"{top}{file}" for top in tops]
        # an id is a name without its suffix
        candidates += [by_stem[f"{top}{file}"] for top in tops if f"{top}{file}" in by_stem]
        name = next((c for c in candidates if file and tree.holds(c)), None)
        # no path of a table leads out of its folder, by .. or by a link
        if name is None:
            raise InputError(
                f"{called} must name images in {tree.path}",
                f"{file!r} in row {row}, which is none",
                "Correct the path, or remove the row.",
            )
        names.append(name)
    x, rows, files = read_images(tree, names, spec)
    columns = {name: values[rows] for name, values in columns.items()}
    return Dataset.from_columns(columns, x, name=str(tree.path), files=files, spec=spec)


def read_images(
    tree: FileTree, names: list[str], spec: DataSpec, more_bytes: int = 0
) -> tuple[Any, list[int], Files]:
    """The images (n, height, width, channels) uint8, which of the names they are, and their files.

    Args:
        more_bytes: that what belongs to the images takes.
        spec: where it says `mapped`, images are decoded when they are asked for.
    """
    rows = list(range(len(names)))
    if spec.skip_broken:
        rows = sorted(row for row in tree.in_order(names) if _is_whole(tree, names[row]))
        if not rows:
            raise InputError(f"{tree.path} must hold images", "none that is whole", "Bring some.")
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
        "from disk; or bring fewer or smaller images, such as by --resize.",
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
    """Mode ("L" or "RGB") and (width, height) that all images get, and what each has by its header.

    Args:
        resize: (height, width) that they are scaled to; None: they must have one size.
    """
    # one name for each size is kept, to tell it
    mode, first_of_size, of_16_bits = "L", {}, 0
    forms, known = [""] * len(names), {}
    for place in tree.in_order(names):
        name, called = names[place], tree.called(names[place])
        with tree.open(name) as file, opened(file, called, tree.size(name)) as image:
            check_decoding(image, file, called)
            width, height = size_of(image)
            first_of_size.setdefault((width, height), called)
            form = f"{width} × {height} {image.mode}"
            # one text for all images of a form
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


def folder_of_label(label: str) -> str:
    """A label as a folder's name: what a name cannot have is written as in a URL (%2F)."""
    name = label.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    return "%2E" + name[1:] if name.startswith(".") else name


def label_of_folder(name: str) -> str:
    """The inverse of `folder_of_label`; a name that it does not write is the label itself."""
    label = unquote(name).rstrip("\0")  # NumPy's strings end before their last zeros
    return label if folder_of_label(label) == name else name
