"""NumPy's .npz: a zip archive of arrays, none of them believed before it is checked.

`numpy.load` allocates what a header announces: a file of 450 bytes made it ask for 1 TiB. So each
header is compared with the archive's directory first; the arrays are then NumPy's to read.
"""

import io
import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from condvae.checks import InputError, check_memory
from condvae.conditions import named_kinds
from condvae.data.arrays import bytes_needed, checked_images
from condvae.data.dataset import Dataset
from condvae.data.short_reads import ShortReads
from condvae.spec import DataSpec

HEADER_BYTES = 2**14  # NumPy takes 10,000 characters
PIXEL_CLASSES = "pixel_classes"


def _forms(train: str, others: str) -> list[dict[str, tuple[str, str]]]:
    """What images and labels of each split are called, by a pattern with {} for these words."""
    words = [("x", "y"), ("X", "y"), ("images", "labels"), ("data", "labels")]
    return [
        {
            "train": (train.format(x), train.format(y)),
            "validation": (others.format(x, "val"), others.format(y, "val")),
            "test": (others.format(x, "test"), others.format(y, "test")),
        }
        for x, y in words
    ]


FORMS = (*_forms("{}", "{}_{}"), *_forms("{}_train", "{}_{}"), *_forms("train_{}", "{1}_{0}"))
HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(path: Path, spec: DataSpec | None = None) -> Dataset:
    """A data set of the arrays `x` and `y`, or `x_train`, `y_train`, and of those for other splits.

    `x_test`, `y_test` are the test set, `x_val`, `y_val` the validation set, where they are there.
    The arrays may also be called `images` and `labels`, or `train_images`, `val_images` and so on.

    With the array `pixel_classes`, x is label maps, and these are the names of its values. Beside
    `x` may lie conditions by name, in place of y; all of them where `spec.conditions` names none.
    Their values for the rows of `x_test` are the arrays `<name>_test`.

    Raises:
        InputError: not a whole .npz, an array missing or pickled, more than memory should hold,
            or what `Dataset.from_arrays` refuses.
    """
    with opened(path) as archive:
        named = _named(archive, path, spec or DataSpec())
        if named is not None:
            return _with_conditions(_arrays(archive, path, named), str(path), spec)
        splits = _splits(archive, path)
        chosen = [name for pair in splits.values() for name in pair]
        members = _members(archive)
        chosen += [PIXEL_CLASSES] if PIXEL_CLASSES in members else []
        arrays = _arrays(archive, path, {name: members[name] for name in chosen})
    pairs = {split: (arrays[x], arrays[y]) for split, (x, y) in splits.items()}
    x, y = pairs["train"]
    return Dataset.from_arrays(
        x,
        y,
        pixel_classes=arrays.get(PIXEL_CLASSES),
        name=str(path),
        validation=pairs.get("validation"),
        test=pairs.get("test"),
        spec=spec,
    )


def read_x(path: Path) -> np.ndarray | None:
    """The array x of an .npz that holds it alone; None where there are others.

    Raises:
        InputError: not a whole .npz, a pickled array, or more than memory should hold.
    """
    with opened(path) as archive:
        members = _members(archive)
        return _arrays(archive, path, members)["x"] if list(members) == ["x"] else None


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, its directory compared with its members and without a name twice."""
    with ShortReads(path) as file:
        with refusal(
            f"{path} must be a file that numpy.savez wrote", "no zip archive, or a damaged one"
        ):
            archive = zipfile.ZipFile(file)
            for member in archive.infolist():  # compares its two names: damage may hide an array
                archive.open(member).close()
        _check_names(archive, path)
        yield archive


def _arrays(
    archive: zipfile.ZipFile, path: Path, members: dict[str, zipfile.ZipInfo]
) -> dict[str, np.ndarray]:
    """The members' arrays by name, if memory should hold them."""
    chosen = {f"array {name!r} of {path}": member for name, member in members.items()}
    needed = [bytes_needed(*announced(archive, *item)) for item in chosen.items()]
    check_memory(sum(needed), f"the arrays of {path}, with copies,")
    return dict(zip(members, (_array(archive, *item) for item in chosen.items()), strict=True))


@contextmanager
def refusal(expected: str, received: str) -> Iterator[None]:
    """What zipfile, zlib and NumPy raise over damaged content, of many kinds, as an InputError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            expected,
            f"{received} ({type(error).__name__}: {str(error)[:200]})",
            "Download the file again, or write it anew with numpy.savez(path, x=x, y=y).",
        ) from None


def _check_names(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise if two arrays have one name."""
    # NumPy reads x.npy and x alike, as x
    names = [info.filename.removesuffix(".npy") for info in archive.infolist()]
    if len(set(names)) < len(names):
        raise InputError(
            f"{path} must hold each array once",
            "two of one name",
            "Write it anew with numpy.savez(path, x=x, y=y).",
        )


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members by their arrays' names."""
    return {info.filename.removesuffix(".npy"): info for info in archive.infolist()}


def _splits(archive: zipfile.ZipFile, path: Path) -> dict[str, tuple[str, str]]:
    """What the arrays of images and labels are called: "train", and "validation" and "test"."""
    members = _members(archive)
    form = next((form for form in FORMS if set(form["train"]) <= set(members)), None)
    if form is None:
        raise InputError(
            f"{path} must hold the arrays x and y (or x_train, y_train, x_test, y_test)",
            f"{', '.join(list(members)[:12])[:200] or 'no arrays'}",
            "Write it anew with numpy.savez(path, x=x, y=y).",
        )
    found = {split: pair for split, pair in form.items() if set(pair) & set(members)}
    for x, y in found.values():
        if not {x, y} <= set(members):
            raise InputError(
                f"{path} must hold both {x} and {y}, or neither",
                f"{x if x in members else y} alone",
                "Add the other one.",
            )
    return found


def _named(
    archive: zipfile.ZipFile, path: Path, spec: DataSpec
) -> dict[str, zipfile.ZipInfo] | None:
    """x and the arrays that are conditions by name, and their parts for a test set; or None."""
    members = _members(archive)
    others = [n for n in members if n not in ("x", PIXEL_CLASSES) and not n.endswith("_test")]
    if "x" not in members or not others or ("y" in members and not spec.conditions):
        return None
    if PIXEL_CLASSES in members:
        raise InputError(
            f"label maps in {path} must come with one image each, as y",
            f"{PIXEL_CLASSES} beside conditions by name ({', '.join(others[:12])})",
            "Leave the other arrays and --condition out.",
        )
    names = list(named_kinds(spec.conditions, others)) or others
    if "x_test" in members:
        parts = [f"{name}_test" for name in names]
        if absent := [part for part in parts if part not in members]:
            raise InputError(
                f"{path} must hold the conditions of x_test too",
                f"no array {absent[0]!r}",
                "Add it, or leave x_test out.",
            )
        names += ["x_test", *parts]
    return {name: members[name] for name in ["x", *names]}


def _with_conditions(arrays: dict[str, np.ndarray], name: str, spec: DataSpec | None) -> Dataset:
    """The data set of x and conditions by name, test rows at the end."""
    x, x_test = arrays.pop("x"), arrays.pop("x_test", None)
    own = {column: values for column, values in arrays.items() if not column.endswith("_test")}
    if x_test is None:
        return Dataset.from_columns(own, x, name=name, spec=spec)
    for part in (x, x_test):
        checked_images(part, f"x of {name}", spec)
    num_own = len(x)
    try:
        x = np.concatenate([x, x_test])
        columns = {
            column: np.concatenate([v, arrays[f"{column}_test"]]) for column, v in own.items()
        }
    except ValueError as error:
        raise InputError(
            f"the test arrays of {name} must be like the others", str(error), "Bring one form."
        ) from None
    return Dataset.from_columns(
        columns,
        x,
        name=name,
        splits=np.repeat(["train", "test"], [num_own, len(x) - num_own]),
        spec=spec,
    )


def announced(
    archive: zipfile.ZipFile, name: str, member: zipfile.ZipInfo
) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype that an array's header tells, where the archive's directory agrees."""
    # the other methods unpack any amount at once
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(
            f"{name} must be stored or deflated, as NumPy writes it",
            f"compression method {member.compress_type}",
            "Write the file anew with numpy.savez_compressed(path, x=x, y=y).",
        )
    with refusal(f"{name} must be whole", "a damaged one"):
        with archive.open(member) as file:
            # the header alone is unpacked, however large the member
            head = io.BytesIO(file.read(HEADER_BYTES))
        read_header = HEADER_READERS[npy.read_magic(head)]
        shape, _, dtype = read_header(head)
        if dtype.hasobject:
            raise InputError(
                f"{name} must hold numbers or strings",
                "pickled Python objects, which are never unpickled because they can run code",
                "Write the file anew with the array converted, as with x.astype('uint8') or "
                "y.astype(str).",
            )
        # a dtype of no bytes would let any shape pass
        announced, found = math.prod(shape) * max(dtype.itemsize, 1), member.file_size - head.tell()
        if announced != found:
            raise ValueError(f"its header announces {announced:,} bytes, it has {found:,}")
    return shape, dtype


def _array(archive: zipfile.ZipFile, name: str, member: zipfile.ZipInfo) -> np.ndarray:
    """The array, its checksum compared."""
    with refusal(f"{name} must be whole", "a damaged one"), archive.open(member) as file:
        return npy.read_array(file, allow_pickle=False)
