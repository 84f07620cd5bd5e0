"""A packed data set: decoded once, its rows in blocks of plain .npy files, read in place.

Reading needs only NumPy, and a memory map gives any row without reading others. Beside the blocks,
`pack.json` describes them, with the sha256 of each, so that an interrupted packing continues and a
complete one can be verified.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from condvae.blocks import slices
from condvae.checks import InputError
from condvae.conditions import AnyCondition
from condvae.data.dataset import Dataset
from condvae.data.npz import NpyParts
from condvae.data.pack_files import check_whole, read_as
from condvae.data.splits import rows_of_source
from condvae.files.atomic import remove_scratch, write_text
from condvae.files.disk import room_for
from condvae.files.frozen import Frozen
from condvae.files.lock import locked
from condvae.files.sums import is_whole, write_array
from condvae.spec import DataSpec
from condvae.spec.presets import READING

RECORD = "pack.json"
BLOCK_BYTES = 2**26  # bytes of images in a file
X, GIVEN, SPLIT, COLUMN = "x", "given", "split", "column{}"
SPLIT_NAMES = np.array(["train", "validation", "test"])


class PackRecord(Frozen):
    """Content of `pack.json`.

    Attributes:
        format: version of the format.
        source: what was packed.
        plan: sha256, in hex, of everything known about the source before its images are decoded.
        rows: number of rows of each array.
        block_rows: rows of each file except the last.
        columns: names of the columns that hold the original conditions, column0, column1, ...;
            None: there are none.
        condition: the kind of y.
        pixel_classes: names of the classes of label maps.
        spec: how the source was read.
        sums: sha256, in hex, of each file, in the order in which they are written.
        whole: whether all files have been written.
    """

    format: Literal[1] = 1
    source: str
    plan: str
    rows: int
    block_rows: int
    columns: tuple[str, ...] | None
    condition: AnyCondition
    pixel_classes: tuple[str, ...] | None
    spec: DataSpec
    sums: dict[str, str] = Field(default_factory=dict)
    whole: bool = False


def is_pack(path: Path) -> bool:
    """Whether a path is a folder that `pack` has written, completely or in part."""
    return (path / RECORD).is_file()


def pack(dataset: Dataset, out: Path) -> Iterator[tuple[int, bool]]:
    """Write a data set of images to a folder, block by block; existing blocks are kept.

    Args:
        dataset: the data, whose images may be mapped.
        out: a new folder, or one from an earlier call for the same data.

    Yields:
        For each block the number of rows packed so far, and whether the block already existed.

    Raises:
        InputError: a table, a folder of something else, or a full disk.
    """
    if dataset.table is not None:
        raise InputError(
            "packing needs images, or the path of a table's files",
            dataset.assumption,
            "Train on a table in memory as it is.",
        )
    arrays = _arrays(dataset)
    record = _record(dataset, arrays)
    if out.exists() and not is_pack(out) and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f"the output must be a new folder, or a pack ({out})",
            "another kind of path",
            "Choose another name.",
        )
    out.mkdir(parents=True, exist_ok=True)
    needed = sum(values.nbytes for values in arrays.values())
    room = room_for("the pack", lambda: needed, out, "Free some; the same command continues.")
    with locked(out), room:
        remove_scratch(out)
        record = _continued(record, out)
        write_text(out / RECORD, record.model_dump_json())
        for number, part in enumerate(slices(record.rows, record.block_rows)):
            files = {f"{name}-{number:05d}.npy": values for name, values in arrays.items()}
            there = all(is_whole(out / file, record.sums.get(file)) for file in files)
            if not there:
                sums = {
                    file: write_array(out / file, values[part]) for file, values in files.items()
                }
                record = record.model_copy(update={"sums": record.sums | sums, "whole": False})
                write_text(out / RECORD, record.model_dump_json())
            yield part.stop, there
        write_text(out / RECORD, record.model_copy(update={"whole": True}).model_dump_json())


def read_pack(path: Path, spec: DataSpec) -> Dataset:
    """The data set of a pack, with its images mapped.

    Args:
        spec: how to split; the pack records how it was read.

    Raises:
        InputError: an incomplete pack, or reading options that differ from those of packing.
    """
    record = _read_record(path)
    check_whole(path, record.whole, len(record.sums), record.source)
    spec = settled_reading(spec, record.spec, path)
    names = dict.fromkeys(file.rpartition("-")[0] for file in record.sums)
    files = {name: [path / f for f in record.sums if f.startswith(f"{name}-")] for name in names}
    if missing := [file for parts in files.values() for file in parts if not file.is_file()]:
        raise InputError(
            f"{path} must hold all files of the pack",
            f"no {missing[0].name}",
            "Pack the source again: the same command writes the missing files.",
        )
    store = NpyParts(path, files)
    arrays = store.arrays(names, mapped=True)
    columns = record.columns
    raw = (
        None
        if columns is None
        else {name: np.asarray(arrays[COLUMN.format(place)]) for place, name in enumerate(columns)}
    )
    given = arrays[GIVEN] if record.condition.is_image else np.asarray(arrays[GIVEN])
    own = rows_of_source(SPLIT_NAMES[arrays[SPLIT]] if SPLIT in arrays else None)
    whole = Dataset(
        arrays[X],
        given,
        record.condition,
        str(path),
        record.pixel_classes,
        spec=record.spec,
        raw=raw,
        **own,
    )
    return whole.with_spec(spec)


def _arrays(dataset: Dataset) -> dict[str, Any]:
    """The packed arrays by name, one row per image."""
    arrays: dict[str, Any] = {X: dataset.x, GIVEN: dataset.given}
    for place, values in enumerate((dataset.raw or {}).values()):
        arrays[COLUMN.format(place)] = values
    if dataset.test_rows is not None or dataset.validation_rows is not None:
        split = np.zeros(len(dataset.x), "uint8")
        for number, rows in enumerate((dataset.validation_rows, dataset.test_rows), 1):
            if rows is not None:
                split[rows] = number
        arrays[SPLIT] = split
    return arrays


def _record(dataset: Dataset, arrays: Mapping[str, Any]) -> PackRecord:
    """The record of a new pack."""
    row_bytes = max(1, dataset.x.nbytes // len(dataset.x))
    record = PackRecord(
        source=dataset.name,
        plan="",
        rows=len(dataset.x),
        block_rows=max(1, BLOCK_BYTES // row_bytes),
        columns=None if dataset.raw is None else tuple(dataset.raw),
        condition=dataset.condition,
        pixel_classes=dataset.pixel_classes,
        spec=dataset.spec.model_copy(update={"mapped": False}),
    )
    digest = hashlib.sha256(record.model_dump_json().encode())
    for name, values in arrays.items():
        digest.update(json.dumps([name, values.shape, str(values.dtype)]).encode())
        if values.ndim < 3:  # images are compared by their files: no need to decode them all
            digest.update(np.ascontiguousarray(values).tobytes())
    if dataset.files is not None:
        names = dataset.files.names
        paths = [path for path in (Path(dataset.name, name) for name in names) if path.is_file()]
        known = [*names, *dataset.files.forms, *(path.stat().st_size for path in paths)]
        digest.update(json.dumps(known).encode())
    return record.model_copy(update={"plan": digest.hexdigest()})


def _continued(record: PackRecord, out: Path) -> PackRecord:
    """The record with the sums of the existing files; raise if it is of other data."""
    if not is_pack(out):
        return record
    before = _read_record(out)
    if before.plan != record.plan:
        raise InputError(
            f"{out} must be a pack of the same data, read in the same way",
            f"one of {before.source or 'arrays'}, {before.rows:,} rows",
            "Choose another name, or remove it.",
        )
    return before


def _read_record(path: Path) -> PackRecord:
    """Content of `pack.json`.

    Raises:
        InputError: it is damaged.
    """
    return read_as(PackRecord, path / RECORD)


def settled_reading(spec: DataSpec, packed: DataSpec, path: Path) -> DataSpec:
    """The spec with the reading options of the pack; raise if it requests others."""
    default = DataSpec()
    reading = [name for name in READING if name != "mapped"]
    for name in reading:
        asked = getattr(spec, name)
        if asked not in (getattr(default, name), getattr(packed, name)):
            raise InputError(
                f"{name} must be set when the data are packed",
                f"{asked!r} for {path}, packed with {getattr(packed, name)!r}",
                f"Leave it out, or pack the source with {name}={asked!r}.",
            )
    update: dict[str, Any] = {name: getattr(packed, name) for name in reading}
    if spec.task == default.task:
        update["task"] = packed.task
    return spec.model_copy(update=update)
