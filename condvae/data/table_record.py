"""The record of a packed table: how it was read, and what its blocks hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from condvae.conditions.carried import Carried
from condvae.data.pack_files import read_as
from condvae.data.packed_column import PackedColumn
from condvae.files.frozen import Frozen
from condvae.spec import DataSpec

RECORD = "table.json"
ROWS, CELLS = "rows-{:05d}.npy", "cells-{:05d}.json"


class TableRecord(Frozen):
    """Content of `table.json`.

    Attributes:
        format: version of the format.
        source: what was packed.
        plan: sha256, in hex, of the names and sizes of the source's files, and of the spec.
        rows: number of rows of the table.
        block_rows: rows of each file except the last.
        sample: number of rows from which the columns were interpreted.
        columns: how each column is read.
        order: names of all columns of the source that are not ignored.
        carried: columns that no model learns, but which generated rows have.
        splits: (split, rows) of the source's parts, in order; "" if they state none.
        spec: how the source was read.
        sums: sha256, in hex, of each file, in the order in which they are written.
        whole: whether all files have been written.
    """

    format: Literal[1] = 1
    source: str
    plan: str
    rows: Annotated[int, Field(ge=1)]
    block_rows: Annotated[int, Field(ge=1)]
    sample: Annotated[int, Field(ge=1)]
    columns: tuple[PackedColumn, ...]
    order: tuple[str, ...]
    carried: tuple[Carried, ...] = ()
    splits: tuple[tuple[str, int], ...]
    spec: DataSpec
    sums: dict[str, str] = Field(default_factory=dict)
    whole: bool = False

    @property
    def stored(self) -> list[PackedColumn]:
        """The columns whose cells are in the pack."""
        return [column for column in self.columns if column.stored]

    @property
    def dtype(self) -> np.dtype:
        """Of a row: c0, c1, ... are the stored columns, words as codes."""
        kinds = ["<f8" if column.of_numbers else "<i4" for column in self.stored]
        return np.dtype([(f"c{place}", kind) for place, kind in enumerate(kinds)])


class BlockCells(Frozen):
    """Content of `cells-00000.json`, about one block.

    Attributes:
        words: for each column of words, those that no earlier block holds, in order of first
            occurrence.
        ends: smallest and largest number of each column that has any.
        missing: names of columns of numbers with a missing cell.
        read: number of cells of each column that are numbers.
        unread: number of other cells, and one of them.
        carried: facts about identifiers from this block alone.
    """

    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    ends: dict[str, tuple[float, float]] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    read: dict[str, int] = Field(default_factory=dict)
    unread: dict[str, tuple[int, str]] = Field(default_factory=dict)
    carried: tuple[Carried, ...] = ()


def is_table_pack(path: Path) -> bool:
    """Whether a path is a folder that `pack_table` has written, completely or in part."""
    return (path / RECORD).is_file()


def read_table_record(path: Path) -> TableRecord:
    """Content of `table.json`.

    Raises:
        InputError: it is damaged.
    """
    return read_as(TableRecord, path / RECORD)


def read_block_cells(path: Path) -> BlockCells:
    """Content of a pack's file about a block; errors as for `read_table_record`."""
    remedy = "Pack the source again: the same command writes missing and damaged files."
    return read_as(BlockCells, path, remedy)


def settled_columns(record: TableRecord, blocks: Sequence[BlockCells]) -> dict[str, PackedColumn]:
    """The stored columns that vary, or are conditions, by the names of their fields.

    A column that is constant only in the sample is treated like any other.
    """
    found = {}
    for place, column in enumerate(record.stored):
        if not column.constant or _varies(column, blocks):
            found[f"c{place}"] = column
    return found


def _varies(column: PackedColumn, blocks: Sequence[BlockCells]) -> bool:
    """Whether a possibly constant column varies over all rows."""
    name = column.name
    values = {end for block in blocks for end in block.ends.get(name, ())}
    words = {word for block in blocks for word in block.words.get(name, ())}
    gaps = any(name in block.missing for block in blocks)
    return len(values or words) + (gaps and bool(values or words)) > 1
