"""The data set of a packed table, whose rows stay on disk."""

from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions import named_kinds
from condvae.conditions.formats import PLAIN
from condvae.data.columns import check_table_columns, encoded_conditions, first_schema
from condvae.data.dataset import Dataset
from condvae.data.mapped import MappedRows
from condvae.data.measured import measured
from condvae.data.pack import SPLIT_NAMES, settled_reading
from condvae.data.pack_files import check_whole
from condvae.data.small_classes import of_rows, rows_of_large_classes
from condvae.data.splits import rows_of_source
from condvae.data.stored_columns import StoredColumns, fitting_rows
from condvae.data.table_record import (
    BlockCells,
    TableRecord,
    read_block_cells,
    read_table_record,
    settled_columns,
)
from condvae.spec import DataSpec


def read_table_pack(path: Path, spec: DataSpec) -> Dataset:
    """The data set of a packed table.

    Args:
        spec: how to split; the pack records how it was read.

    Raises:
        InputError: an incomplete pack, or reading options that differ from those of packing.
    """
    record = read_table_record(path)
    check_whole(path, record.whole, len(record.sums), record.source)
    spec = settled_reading(spec, record.spec, path)
    if missing := [file for file in record.sums if not (path / file).is_file()]:
        raise InputError(
            f"{path} must hold all files of the pack",
            f"no {missing[0]}",
            "Pack the source again: the same command writes the missing files.",
        )
    blocks = [read_block_cells(path / f) for f in record.sums if f.startswith("cells-")]
    columns, splits = _columns(path, record, blocks, spec), _splits(record)
    said = named_kinds(spec.conditions, list(columns))
    check_table_columns({name: np.empty(0) for name in columns}, said)
    while True:
        # all rows, whose classes decide the split
        fitting = fitting_rows(columns, np.arange(len(columns.records)))
        schema, _ = first_schema(fitting.columns, said)
        given: Any = encoded_conditions(columns, schema)
        rows = rows_of_large_classes(*schema.strata(given), spec.drop_small_classes, str(path))
        if rows is None:
            break
        columns = columns.rows(rows)
        (splits,) = of_rows(rows, splits)
    names = {column.name for column in settled_columns(record, blocks).values()}
    formats = {column.name: column.format for column in record.columns}
    of_file = {
        "order": record.order,
        "formats": {name: form for name, form in formats.items() if form != PLAIN},
        "carried": tuple(c for c in record.carried if c.name not in names),
    }
    none = np.empty((len(columns.records), 0), "float32")
    own = {"spec": spec, **rows_of_source(splits)}
    return measured(Dataset(none, given, schema, str(path), raw=columns, **own), of_file)


def _columns(
    path: Path, record: TableRecord, blocks: list[BlockCells], spec: DataSpec
) -> StoredColumns:
    """The columns of a pack that a model may learn."""
    files = [path / file for file in record.sums if file.startswith("rows-")]
    sources = [np.load(file, mmap_mode="r", allow_pickle=False) for file in files]
    wrong = [f for f, rows in zip(files, sources, strict=True) if rows.dtype != record.dtype]
    if wrong or sum(map(len, sources)) != record.rows:
        raise InputError(
            f"{wrong[0] if wrong else path} must match table.json, {record.rows:,} rows",
            "other rows",
            "Pack the source again: the same command replaces damaged blocks.",
        )
    kept = settled_columns(record, blocks)
    words = {
        column.name: np.array(
            ["", *(w for block in blocks for w in block.words.get(column.name, ()))]
        )
        for column in kept.values()
        if not column.of_numbers
    }
    return StoredColumns(
        MappedRows(sources),
        {field: column.name for field, column in kept.items()},
        words,
        {path / file: known for file, known in record.sums.items()},
        record.spec.sample_rows,
        spec.split_seed,
    )


def _splits(record: TableRecord) -> np.ndarray | None:
    """(N,) split of each row, if the parts' names say it."""
    places = SPLIT_NAMES.tolist()
    if "train" not in {split for split, _ in record.splits}:
        return None
    codes = [np.full(rows, places.index(split), "uint8") for split, rows in record.splits]
    return SPLIT_NAMES[np.concatenate(codes)]
