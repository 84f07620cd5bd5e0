"""From named arrays to a data set: images, labels, conditions and splits."""

import logging
import math
from collections.abc import Collection

import numpy as np

from condvae.checks import InputError
from condvae.conditions import named_kinds
from condvae.data.array_store import ArrayStore
from condvae.data.arrays import CHANNELS, checked_images
from condvae.data.dataset import Dataset
from condvae.data.flat import is_flat
from condvae.data.mapped import as_mapped, concatenated_rows, is_mapped
from condvae.spec import DataSpec

PIXEL_CLASSES = "pixel_classes"
IMAGES = ("x", "X", "images", "data", "image")
LABELS = ("y", "Y", "labels", "label", "targets", "target")
# names of the arrays of the training set, and of another split
PATTERNS = (
    ("{0}", "{0}_{1}"),
    ("{0}_train", "{0}_{1}"),
    ("train_{0}", "{1}_{0}"),
    ("train_set_{0}", "{1}_set_{0}"),
    ("train/{0}", "{1}/{0}"),
    ("train/train_set_{0}", "{1}/{1}_set_{0}"),
    ("{0}/train", "{0}/{1}"),
)
OTHERS = {"validation": ("val", "valid", "validation", "dev"), "test": ("test",)}
UNLABELLED = "image"  # the class of images without labels
FLAT = {560: (28, 20)}  # of the Frey faces
LEAST_SIDE = 4
_log = logging.getLogger(__name__)


def read_arrays(store: ArrayStore, spec: DataSpec | None = None) -> Dataset:
    """A data set of the arrays `x` and `y`, or `x_train`, `y_train`, and of those for other splits.

    `x_test`, `y_test` are the test set, `x_val`, `y_val` the validation set, if present. The
    arrays may also be called `images` and `labels`, or `train_images`, `val_images` and so on.

    With the array `pixel_classes`, x is label maps, and these are the names of its values. Named
    conditions may replace y; all other arrays are conditions if `spec.conditions` names none. Their
    values for the rows of `x_test` are the arrays `<name>_test`. Images alone are all of one class,
    if the store allows it.

    Raises:
        InputError: a missing or pickled array, more data than memory should hold, or what
            `Dataset.from_arrays` refuses.
    """
    spec, name = spec or DataSpec(), str(store.path)
    if store.of_one and len(store.names) == 1:
        return _unlabelled(store, spec)
    splits = _splits(store)
    chosen = {name for pair in splits.values() for name in pair} | {PIXEL_CLASSES}
    # arrays that belong to no split are named conditions
    if spec.conditions or not splits or ("y" not in chosen and not {*store.names} <= chosen):
        named = _named(store, spec)
        if named is not None:
            arrays = store.arrays(named, spec.mapped)
            if store.by_columns:
                arrays = _all_rows_first(arrays, named[1], name)
            return _with_conditions(arrays, name, spec)
    if not splits:
        raise InputError(
            f"{store.path} must hold the arrays x and y (or x_train, y_train, x_test, y_test)",
            f"{', '.join(store.names[:12])[:200] or 'no arrays'}",
            "Write it again with numpy.savez(path, x=x, y=y).",
        )
    for pair in splits.values():
        if absent := [member for member in pair if member not in store.names]:
            there = next((member for member in pair if member in store.names), "")
            raise InputError(
                f"{store.path} must hold both {pair[0]} and {pair[1]}, or neither",
                f"{there} alone, without {absent[0]}",
                "Add the other one.",
            )
    of_pixels = [PIXEL_CLASSES] if PIXEL_CLASSES in store.names else []
    wanted = [*(name for pair in splits.values() for name in pair), *of_pixels]
    arrays = store.arrays(wanted, spec.mapped)
    pairs = {split: (arrays[x], arrays[y]) for split, (x, y) in splits.items()}
    if store.by_columns:
        pairs = {split: _rows_first(*pair, name) for split, pair in pairs.items()}
    x, y = pairs["train"]
    if is_flat(x, spec):
        # in a file, images are more likely than a table, and a wide table takes hours
        checked_images(x, f"x of {name}", spec)
    return Dataset.from_arrays(
        x,
        y,
        pixel_classes=arrays.get(PIXEL_CLASSES),
        name=name,
        validation=pairs.get("validation"),
        test=pairs.get("test"),
        spec=spec,
    )


def has_known_names(names: Collection[str]) -> bool:
    """Whether the array is that of the training images."""
    return any(own.format(word) in names for own, _ in PATTERNS for word in IMAGES)


def _splits(store: ArrayStore) -> dict[str, tuple[str, str]]:
    """Names of the arrays of images and labels of each split; empty if there are none."""
    for own, other in PATTERNS:
        x, y = (
            next((word for word in words if own.format(word) in store.names), None)
            for words in (IMAGES, LABELS)
        )
        if x is None or y is None:
            continue
        splits = {"train": (own.format(x), own.format(y))}
        for split, called in OTHERS.items():
            pairs = [(other.format(x, word), other.format(y, word)) for word in called]
            found = [pair for pair in pairs if {*pair} & {*store.names} - {*splits["train"]}]
            splits |= {split: found[0]} if found else {}
        return splits
    return {}


def _unlabelled(store: ArrayStore, spec: DataSpec) -> Dataset:
    """The images of a store that holds nothing else, all of one class."""
    x = store.arrays(store.names, spec.mapped)[store.names[0]]
    if store.by_columns:
        x, _ = _rows_first(x, None, str(store.path))
    checked_images(x, f"{store.names[0]} of {store.path}", spec)
    name = str(store.path)
    return Dataset.from_arrays(x, unlabelled(len(x), name), name=name, spec=spec)


def unlabelled(num_images: int, name: str) -> np.ndarray:
    """The labels of images without any: a single class, which is reported."""
    _log.warning(
        "%s: %s images without labels, all treated as one class, %r",
        name,
        f"{num_images:,}",
        UNLABELLED,
    )
    return np.repeat(UNLABELLED, num_images)


def _named(store: ArrayStore, spec: DataSpec) -> list[str] | None:
    """x and the arrays that are named conditions, and their parts for a test set; or None."""
    members = store.names
    others = [n for n in members if n not in ("x", PIXEL_CLASSES) and not n.endswith("_test")]
    if "x" not in members or not others or ("y" in members and not spec.conditions):
        return None
    if PIXEL_CLASSES in members:
        raise InputError(
            f"label maps in {store.path} must come with one image each, as y",
            f"{PIXEL_CLASSES} beside conditions by name ({', '.join(others[:12])})",
            "Leave the other arrays and `conditions` out.",
        )
    names = list(named_kinds(spec.conditions, others)) or others
    if "x_test" in members:
        parts = [f"{name}_test" for name in names]
        if absent := [part for part in parts if part not in members]:
            raise InputError(
                f"{store.path} must hold the conditions of x_test too",
                f"no array {absent[0]!r}",
                "Add it, or leave x_test out.",
            )
        names += ["x_test", *parts]
    return ["x", *names]


def _with_conditions(arrays: dict[str, np.ndarray], name: str, spec: DataSpec) -> Dataset:
    """The data set of x and named conditions, with the test rows at the end."""
    x, x_test = arrays.pop("x"), arrays.pop("x_test", None)
    own = {column: values for column, values in arrays.items() if not column.endswith("_test")}
    if x_test is None:
        return Dataset.from_columns(own, x, name=name, spec=spec)
    for part in (x, x_test):
        checked_images(part, f"x of {name}", spec)
    splits = np.repeat(["train", "test"], [len(x), len(x_test)])
    try:
        x = concatenated_rows([as_mapped(v) if is_mapped(v) else v for v in (x, x_test)])
        columns = {
            column: np.concatenate([v, arrays[f"{column}_test"]]) for column, v in own.items()
        }
    except ValueError as error:
        raise InputError(
            f"the test arrays of {name} must be like the others", str(error), "Use one form."
        ) from None
    return Dataset.from_columns(columns, x, name=name, splits=splits, spec=spec)


def _all_rows_first(
    arrays: dict[str, np.ndarray], condition: str, name: str
) -> dict[str, np.ndarray]:
    """Images and conditions from MATLAB, rows first; a condition tells the number of rows."""
    for part in ("", "_test"):
        if f"x{part}" in arrays:
            x, _ = _rows_first(arrays[f"x{part}"], arrays[condition + part], name)
            arrays = {**arrays, f"x{part}": x}
    return {n: v.T if v.ndim == 2 and len(v) == 1 else v for n, v in arrays.items()}


def _rows_first(
    x: np.ndarray, y: np.ndarray | None, name: str
) -> tuple[np.ndarray, np.ndarray | None]:
    """Images and labels from MATLAB, where rows may lie along the last axis, and be flat."""
    if y is not None and y.ndim == 2 and len(y) == 1:
        y = y.T
    num_rows = None if y is None else len(y)
    if x.ndim > 1 and _is_turned(x, num_rows):
        x = np.moveaxis(x, -1, 0)
    if x.ndim == 2 and (size := _size_of(x.shape[1])) is not None:
        _log.warning("%s: rows of %d numbers are images of %d × %d", name, x.shape[1], *size)
        x = x.reshape(-1, *size)
    return np.ascontiguousarray(x), y


def _is_turned(x: np.ndarray, num_rows: int | None) -> bool:
    """Whether the last axis is that of the rows."""
    if x.ndim == 4 and x.shape[2] in CHANNELS and x.shape[3] not in CHANNELS:
        return True
    if x.ndim == 2 and num_rows is None and (len(x) in FLAT) != (x.shape[1] in FLAT):
        return len(x) in FLAT
    if num_rows is not None:
        return x.shape[-1] == num_rows != len(x)
    if x.ndim == 2 and (_size_of(len(x)) is None) != (_size_of(x.shape[1]) is None):
        return _size_of(len(x)) is not None
    return x.ndim < 4 and x.shape[-1] > len(x)


def _size_of(num_pixels: int) -> tuple[int, int] | None:
    """Height and width of flat images; None if their size leaves it open."""
    side = math.isqrt(num_pixels)
    is_square = side >= LEAST_SIDE and side**2 == num_pixels
    return FLAT.get(num_pixels, (side, side) if is_square else None)
