"""Images in Parquet files, as Hugging Face keeps them: encoded pictures in one column."""

import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError, check_memory
from condvae.data.array_store import refusal
from condvae.data.dataset import Dataset
from condvae.data.file_tree import is_shown
from condvae.data.row_pictures import RowPictures, pictured
from condvae.data.splits import splits_of_files
from condvae.data.tables import TableFile, read_table
from condvae.data.typed_tables import column_types, connect, is_cell, parquet_rows, quoted
from condvae.spec import DataSpec

PARQUET = ".parquet"
BLOCK_BYTES, MOST_TOGETHER = 2**24, 4096  # bytes and number of pictures read together
REMEDY = "Download the file again, or write it again, for example with Dataset.to_parquet."
_log = logging.getLogger(__name__)


class ParquetImages(RowPictures):
    """The pictures of a column.

    Args:
        path: path of the file or folder, for error messages.
        parts: the files, in the order of the rows.
        column: name of the column.
        kind: type of the column, as DuckDB names it.
        stay: whether they stay in the files until requested.

    Raises:
        InputError: more data than memory should hold.
    """

    def __init__(self, path: Path, parts: Sequence[str], column: str, kind: str, stay: bool):
        chosen = quoted(column) if kind == "BLOB" else f"struct_extract({quoted(column)}, 'bytes')"
        query = f"SELECT {chosen} AS c FROM read_parquet(?, hive_partitioning = false)"  # noqa: S608
        sizes = f"SELECT sum(octet_length(c)), count(*) FROM ({query})"  # noqa: S608
        with connect() as database:
            total, rows = database.execute(sizes, [parts]).fetchone()
            total = int(total or 0)
            if stay:
                contents: Sequence[bytes] = PicturesInFiles(parts, chosen, total // max(1, rows))
            else:
                check_memory(
                    2 * total + 200 * rows,
                    f"the pictures of {path}",
                    f"Pack them once, `condvae data pack {path} OUT`, and train on OUT.",
                )
                contents = _bytes(database.execute(query, [parts]))
        super().__init__(path, contents)


class PicturesInFiles(Sequence[Any]):
    """Encoded pictures of a column, with a block of consecutive ones in memory.

    Args:
        parts: the files, in the order of the rows.
        chosen: expression that the query selects.
        mean_size: mean number of bytes of a picture.
    """

    def __init__(self, parts: Sequence[str], chosen: str, mean_size: int):
        self.parts, self.ends = parts, np.cumsum([parquet_rows([part]) for part in parts])
        self.query = (
            f"SELECT {chosen} AS c FROM read_parquet(?, hive_partitioning = false, "  # noqa: S608
            "file_row_number = true) WHERE file_row_number >= ? AND file_row_number < ? "
            "ORDER BY file_row_number"
        )
        self.block_rows = min(MOST_TOGETHER, max(1, BLOCK_BYTES // max(1, mean_size)))
        self.held: tuple[int, int] | None = None
        self.block: list[bytes] = []

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, row: Any) -> Any:
        """The picture of a row; its neighbours are loaded with it."""
        part = int(np.searchsorted(self.ends, row, side="right"))
        within = row - (int(self.ends[part - 1]) if part else 0)
        first = within // self.block_rows * self.block_rows
        if self.held != (part, first):
            self.block = []  # freed before the next block is loaded
            what = f"{self.parts[part]} must be a whole Parquet file"
            with refusal(what, "a damaged one", REMEDY), connect() as database:
                asked = [self.parts[part], first, first + self.block_rows]
                self.block = _bytes(database.execute(self.query, asked))
            self.held = part, first
        return self.block[within - first]


def parquet_parts(path: Path) -> dict[Path, str]:
    """The Parquet files of a path, and the split of each; "" if the names state none.

    A folder holds them at its top level, or in its folder `data`.
    """
    if path.is_file():
        return {path: ""} if path.suffix.lower() == PARQUET else {}
    if not path.is_dir():
        return {}
    found = []
    for folder in (path, path / "data"):
        files = folder.iterdir() if folder.is_dir() else ()
        found += [f for f in files if f.suffix.lower() == PARQUET and is_shown(f.name)]
    return splits_of_files(sorted(found), path)


def picture_columns(path: Path) -> list[str]:
    """The columns of Parquet files that hold pictures; none if the files are damaged."""
    if not (files := [str(part) for part in parquet_parts(path)]):
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            types = column_types(files[:1])
    except Exception:  # errors of many kinds; the reader of the table reports them better
        return []
    return [name for name, kind in types.items() if kind == "BLOB" or _has_bytes(kind)]


def read_parquet_images(path: Path, spec: DataSpec) -> Dataset | None:
    """The pictures of a Parquet file, or of several in a folder; None if no column holds any.

    Encoded pictures are in a column of bytes, or of structures with the field `bytes`. The other
    columns are the conditions.

    Raises:
        InputError: several columns of pictures, a damaged file, or what `read_images` and
            `Dataset.from_columns` refuse.
    """
    found = parquet_pictures(path, spec)
    return None if found is None else pictured(*found, str(path), spec)


def parquet_pictures(
    path: Path, spec: DataSpec
) -> tuple[ParquetImages, TableFile | None, dict[str, list[str]], np.ndarray | None] | None:
    """The pictures, the other columns, class names and splits, as `pictured` takes them."""
    parts = parquet_parts(path)
    files = [str(part) for part in parts]
    if not (images := picture_columns(path)):
        return None
    with refusal(f"{path} must be whole Parquet files of the same columns", "others", REMEDY):
        types = column_types(files)
        if len(images) > 1:
            raise InputError(
                f"{path} must hold one column of pictures",
                ", ".join(images[:12]),
                "Write the file without the others.",
            )
        tree = ParquetImages(path, files, images[0], types[images[0]], spec.mapped)
        counts, names_of_classes = _metadata(files)
    wrong = [name for name, kind in types.items() if not is_cell(kind) and name not in images]
    if wrong:
        _log.warning("%s: the columns %s hold no cells: left out", path, ", ".join(wrong[:12]))
    splits = np.repeat(list(parts.values()), [counts[file] for file in files])
    only = len(types) == len(images) + len(wrong)
    without = {*images, *wrong}
    return (
        tree,
        None if only else read_table(next(iter(parts)), spec, list(parts), without),
        names_of_classes,
        splits if "train" in parts.values() else None,
    )


def _bytes(found: Any) -> list[bytes]:
    """The pictures that a query finds; an empty one where there is none."""
    return np.ma.filled(np.ma.asarray(found.fetchnumpy()["c"], object), b"").tolist()


def _has_bytes(kind: str) -> bool:
    """Whether a type is a structure with the field `bytes`, not a list of such structures."""
    return kind.startswith("STRUCT(") and "bytes BLOB" in kind and kind.endswith(")")


def _metadata(files: Sequence[str]) -> tuple[dict[str, int], dict[str, list[str]]]:
    """The number of rows of each file, and the class names that Hugging Face records."""
    with connect() as database:
        counted = "SELECT file_name, num_rows FROM parquet_file_metadata(?)"
        counts = dict(database.execute(counted, [files]).fetchall())
        kept = "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'huggingface'::BLOB"
        found = database.execute(kept, [files[:1]]).fetchall()
    try:
        features: dict[str, Any] = json.loads(bytes(found[0][0]))["info"]["features"]
        names = {
            column: [str(name) for name in feature["names"]]
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (IndexError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        names = {}
    return counts, names
