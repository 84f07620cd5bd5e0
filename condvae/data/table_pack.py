"""A packed table: rows of numbers and codes in blocks of .npy files, which may exceed memory.

The columns are interpreted from a sample of rows; then all rows are read once, block by block.
Beside the rows are the words that first occur in each block, so that every class is known whether
or not the sample holds it, and an interrupted packing continues.
"""

import hashlib
import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import platformdirs

from condvae.blocks import slices
from condvae.checks import InputError
from condvae.conditions import named_kinds
from condvae.conditions.carried import Carried
from condvae.data.packed_column import PackedColumn
from condvae.data.pixel_columns import pixels_and_columns
from condvae.data.raw_columns import RawColumn
from condvae.data.reading import FEW_WORDS
from condvae.data.table_parts import UNIT_ROWS, TableRows, open_table
from condvae.data.table_record import (
    CELLS,
    RECORD,
    ROWS,
    BlockCells,
    TableRecord,
    is_table_pack,
    read_block_cells,
    read_table_record,
)
from condvae.data.table_sample import check_words, sample_table
from condvae.files.atomic import remove_scratch, write_text
from condvae.files.disk import room_for
from condvae.files.lock import locked
from condvae.files.sums import is_whole, write_array
from condvae.spec import DataSpec
from condvae.spec.presets import READING

BLOCK_BYTES = 2**26  # bytes of rows in a file
_log = logging.getLogger(__name__)


class PixelTableError(InputError):
    """A table that holds images, and is packed as such."""


def pack_table(
    parts: Mapping[Path, str], source: str, out: Path, spec: DataSpec
) -> Iterator[tuple[int, int, bool]]:
    """Write a table to a folder, block by block; existing blocks are kept.

    Args:
        parts: its files, and the split of each.
        source: their common name.
        out: a new folder, or one from an earlier call for the same table.
        spec: how the table is read; the columns are interpreted from `sample_rows` rows.

    Yields:
        For each block the number of rows packed so far, the number of all rows, and whether the
        block already existed.

    Raises:
        InputError: parts that do not fit together, cells that contradict the sample, a folder of
            something else, or a full disk.
    """
    if out.exists() and not is_table_pack(out) and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f"the output must be a new folder, or a pack of a table ({out})",
            "another kind of path",
            "Choose another name.",
        )
    notes: list[str] = []
    table = open_table(list(parts), spec, notes)
    plan = _plan(parts, spec)
    record = read_table_record(out) if is_table_pack(out) else None
    if record is not None and record.plan != plan:
        raise InputError(
            f"{out} must be a pack of the same table, read in the same way",
            f"one of {record.source}, {record.rows:,} rows",
            "Choose another name, or remove it.",
        )
    if record is None:
        record = _begun(table, parts, source, plan, spec, notes)
    out.mkdir(parents=True, exist_ok=True)
    needed = record.rows * record.dtype.itemsize
    room = room_for("the pack", lambda: needed, out, "Free some; the same command continues.")
    with locked(out), room:
        remove_scratch(out)
        write_text(out / RECORD, record.model_dump_json())
        yield from _blocks(table, record, out)


def cached_pack(parts: Mapping[Path, str], path: Path, spec: DataSpec) -> Path:
    """The pack of a table in the user's cache, created if necessary; arguments as above.

    Files whose modification times have changed count as different ones.
    """
    times = [[str(part.resolve()), part.stat().st_mtime_ns] for part in parts]
    name = hashlib.sha256(json.dumps([_plan(parts, spec), times]).encode()).hexdigest()[:16]
    out = platformdirs.user_cache_path("condvae") / "tables" / name
    if is_table_pack(out) and read_table_record(out).whole:
        return out
    _log.warning(
        "%s: memory should not hold it, so it is packed once into %s; `condvae data pack` packs it "
        "elsewhere",
        *(path, out),
    )
    for _ in pack_table(parts, str(path), out, spec):
        pass
    return out


def _plan(parts: Mapping[Path, str], spec: DataSpec) -> str:
    """The sum of what is known about a source before it is read."""
    files = [[part.name, split, part.stat().st_size] for part, split in parts.items()]
    reading = [name for name in READING if name != "mapped"]
    how = spec.model_dump(mode="json", include={*reading, "split_seed"})
    return hashlib.sha256(json.dumps([files, how]).encode()).hexdigest()


def _begun(
    table: TableRows,
    parts: Mapping[Path, str],
    source: str,
    plan: str,
    spec: DataSpec,
    notes: list[str],
) -> TableRecord:
    """The record of a new pack, with the columns as interpreted from a sample of rows."""
    sample = sample_table(table, source, spec, notes)
    found = sample.table
    used, carried = found.used({*named_kinds(spec.conditions, list(found.columns))}), []
    if pixels_and_columns({name: used[name] for name in used if name not in spec.ignore}):
        raise PixelTableError(
            f"{source} must be a table to be packed some rows at a time",
            "a column for each pixel of an image",
            "Images in columns are read into memory: use fewer rows, or pack an array of images.",
        )
    for note in found.notes:
        _log.warning("%s: %s", source, note)
    for reading in found.readings:
        name = reading.name
        if name not in spec.ignore and name not in used and reading.taken_for != "text":
            one = Carried.of_column(name, found.columns[name])
            carried += [one] if one else []
    record = TableRecord(
        source=source,
        plan=plan,
        rows=sum(sample.counts),
        block_rows=UNIT_ROWS,
        sample=sample.num_rows,
        columns=tuple(column for column in sample.columns if column.name not in spec.ignore),
        order=tuple(name for name in found.columns if name not in spec.ignore),
        carried=tuple(carried),
        splits=tuple(zip(parts.values(), sample.counts, strict=True)),
        spec=spec.model_copy(update={"source": "", "mapped": False}),
    )
    units = max(1, BLOCK_BYTES // (record.dtype.itemsize * UNIT_ROWS))
    return record.model_copy(update={"block_rows": units * UNIT_ROWS})


def _blocks(table: TableRows, record: TableRecord, out: Path) -> Iterator[tuple[int, int, bool]]:
    """Write the missing blocks of a pack; see `pack_table`."""
    words = frozenset(column.name for column in record.columns if not column.of_numbers)
    known = {column.name: {"": 0} for column in record.stored if not column.of_numbers}
    units: Iterator[list[RawColumn]] = iter(())
    at, seen = -1, []
    for number, part in enumerate(slices(record.rows, record.block_rows)):
        rows_file, cells_file = ROWS.format(number), CELLS.format(number)
        there = all(is_whole(out / file, record.sums.get(file)) for file in (rows_file, cells_file))
        if there:
            cells = read_block_cells(out / cells_file)
            for name, fresh in cells.words.items():
                known[name] |= {word: len(known[name]) + n for n, word in enumerate(fresh)}
        else:
            if at != part.start:  # not directly after a block that was just packed
                units = table.units(part.start, words)
            count = -(-(part.stop - part.start) // UNIT_ROWS)
            rows, cells = _packed(islice(units, count), record, part, known)
            at = part.stop
            sums = {rows_file: write_array(out / rows_file, rows)}
            del rows  # freed before the next block is read
            write_text(out / cells_file, cells.model_dump_json())
            sums[cells_file] = hashlib.sha256((out / cells_file).read_bytes()).hexdigest()
            update = {"sums": record.sums | sums, "whole": False}
            record = record.model_copy(update=update)
            write_text(out / RECORD, record.model_dump_json())
        seen.append(cells)
        check_words(known, record.source)
        yield part.stop, record.rows, there
    _check_read(seen, record)
    carried = _carried(record.carried, seen)
    update = {"whole": True, "carried": carried}
    write_text(out / RECORD, record.model_copy(update=update).model_dump_json())


def _packed(
    units: Iterator[list[RawColumn]],
    record: TableRecord,
    part: slice,
    known: Mapping[str, dict[str, int]],
) -> tuple[np.ndarray, BlockCells]:
    """The rows of a block, and facts about its cells; new words are added to the known ones."""
    rows = np.zeros(part.stop - part.start, record.dtype)
    before = {name: len(words) for name, words in known.items()}
    fields = {column.name: f"c{place}" for place, column in enumerate(record.stored)}
    ends: dict[str, tuple[float, float]] = {}
    missing: set[str] = set()
    read: dict[str, int] = {}
    unread: dict[str, tuple[int, str]] = {}
    carried: dict[str, Carried] = {}
    counted = {one.name for one in record.carried if one.how == "count"}
    first = 0
    for raws in units:
        of = {raw.name: raw for raw in raws}
        count = 0
        for column in (c for c in record.columns if c.stored or c.name in counted):
            name = column.name
            values, words, num_read, num_unread, example = column.cells(of[name])
            count = len(values)
            here = slice(first, first + count)
            if not column.stored:
                found = np.array(words)[values] if words is not None else values
                _count_on(carried, Carried.of_column(name, found) if count > 1 else None)
                continue
            if words is not None:
                codes = known[name]
                places = [codes.setdefault(word, len(codes)) for word in words]
                rows[fields[name]][here] = np.array(places, "int32")[values]
                missing |= {name} if "" in words else set()
                continue
            rows[fields[name]][here] = values
            _check_finite(values, column, part.start + first, record.source)
            read[name] = read.get(name, 0) + num_read
            if num_unread:
                total, kept = unread.get(name, (0, example))
                unread[name] = total + num_unread, kept
            if num_read < count:
                missing.add(name)
            if num_read:
                low, high = float(np.nanmin(values)), float(np.nanmax(values))
                least, most = ends.get(name, (low, high))
                ends[name] = min(low, least), max(high, most)
        first += count
    if first != len(rows):
        raise InputError(
            f"{record.source} must have {record.rows:,} rows, as it had when it was packed first",
            f"{part.start + first:,}",
            "Choose another name for the pack, or remove it.",
        )
    fresh = {n: tuple(islice(words, before[n], None)) for n, words in known.items()}
    return rows, BlockCells(
        words={name: words for name, words in fresh.items() if words},
        ends=ends,
        missing=tuple(sorted(missing)),
        read=read,
        unread=unread,
        carried=tuple(carried.values()),
    )


def _count_on(carried: dict[str, Carried], found: Carried | None) -> None:
    """Extend a count to further rows."""
    if found is not None and found.how == "count":
        before = carried.get(found.name, found)
        update = {"first": max(before.first, found.first)}
        carried[found.name] = before.model_copy(update=update)


def _carried(of_sample: Sequence[Carried], blocks: Collection[BlockCells]) -> tuple[Carried, ...]:
    """The carried columns; counts continue after the last of all rows, not of the sample."""
    known = {one.name: one for one in of_sample}
    for found in (one for block in blocks for one in block.carried):
        _count_on(known, found)
    return tuple(known.values())


def _check_finite(values: np.ndarray, column: PackedColumn, first: int, source: str) -> None:
    """Raise for infinite values."""
    if (infinite := np.isinf(values)).any():
        row = int(infinite.argmax())
        raise InputError(
            f"{source} must hold finite numbers",
            f"{values[row]} in row {first + row:,} of {column.name!r} (rows counted from 0)",
            "Correct these cells, or read them as missing, for example with --missing inf.",
        )


def _check_read(blocks: Collection[BlockCells], record: TableRecord) -> None:
    """Raise if more than a few cells of a column of numbers are not numbers."""
    for column in record.stored:
        name = column.name
        read = sum(block.read.get(name, 0) for block in blocks)
        found = [block.unread[name] for block in blocks if name in block.unread]
        if not found:
            continue
        unread, example = sum(count for count, _ in found), found[0][1]
        kind = f"dates such as {column.format.date}" if column.format.date else "numbers"
        if unread >= FEW_WORDS * (unread + read):
            raise InputError(
                f"column {name!r} of {record.source} must hold {kind}, as {record.sample:,} rows "
                "of it do",
                f"{unread:,} other cells, such as {example!r}",
                f"Set its kind, such as --kind '{name}:class', and pack it under another name.",
            )
        _log.warning(
            "%s: %s cell(s) of %r, such as %r, are no %s and are taken as missing",
            *(record.source, f"{unread:,}", name, example[:40], kind),
        )
