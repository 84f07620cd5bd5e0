"""Write arrays of any length to a file in blocks of rows: an .npz, or an .npy of one array.

Nothing is compressed: deflating images takes longer than generating them.
"""

import errno
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from condvae.files.atomic import atomic_path
from condvae.files.disk import room_for

Rows = Mapping[str, np.ndarray]


def write_blocks(path: Path, num_rows: int, blocks: Iterable[Rows]) -> None:
    """Write arrays block by block; the file appears only once it is complete.

    The first array is written straight into an .npz, the others wait beside it: put the largest
    first.

    Args:
        path: an `.npz`, or an `.npy`, which holds only the first array.
        num_rows: number of rows of each array, in total.
        blocks: the next rows of all arrays by name, block by block, with one row shape and dtype.

    Raises:
        InputError: the disk has too little space for them.
    """
    blocks = iter(blocks)
    first = next(blocks)
    blocks = _checked(first, num_rows, chain([first], blocks))
    write = _write_npy if path.suffix.lower() == ".npy" else _write_npz
    needed = num_rows * sum(rows[0].nbytes for rows in first.values())
    room = room_for(path.name, lambda: needed, path.parent, "Free some, or use another disk.")
    with room, atomic_path(path) as fresh:
        # checked now, and not after hours of sampling
        if shutil.disk_usage(fresh.parent).free < needed:
            raise OSError(errno.ENOSPC, "too few for the arrays")
        write(fresh, num_rows, first, blocks)


def _write_npy(path: Path, num_rows: int, first: Rows, blocks: Iterator[Rows]) -> None:
    """Write the first array alone."""
    (name, rows), *_ = first.items()
    with open(path, "wb") as file:
        _write_header(file, num_rows, rows)
        for block in blocks:
            file.write(_in_a_row(block[name]))


def _write_npz(path: Path, num_rows: int, first: Rows, blocks: Iterator[Rows]) -> None:
    """Write array after array, as an archive requires; the later ones wait in unnamed files."""
    (name, rows), *others = first.items()
    with ExitStack() as opened:
        archive = opened.enter_context(zipfile.ZipFile(path, "w"))
        waiting = {
            # beside the target, since the system's temporary folder may be in memory
            other: opened.enter_context(tempfile.TemporaryFile(dir=path.parent))
            for other, _ in others
        }
        # zip64 from the start: the size is not known before the end
        with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
            _write_header(member, num_rows, rows)
            for block in blocks:
                member.write(_in_a_row(block[name]))
                for other, file in waiting.items():
                    file.write(_in_a_row(block[other]))
        for other, file in waiting.items():
            file.seek(0)
            with archive.open(f"{other}.npy", "w", force_zip64=True) as member:
                _write_header(member, num_rows, first[other])
                shutil.copyfileobj(file, member)


def _in_a_row(rows: np.ndarray) -> Any:
    """The rows with their numbers contiguous, as files store them."""
    return np.ascontiguousarray(rows)


def _write_header(file: IO[bytes], num_rows: int, rows: np.ndarray) -> None:
    """Write the header that comes before an array's numbers."""
    header = npy.header_data_from_array_1_0(np.ascontiguousarray(rows))
    npy.write_array_header_1_0(file, {**header, "shape": (num_rows, *rows.shape[1:])})


def _checked(first: Rows, num_rows: int, blocks: Iterable[Rows]) -> Iterator[Rows]:
    """Yield the blocks, checked against the headers."""
    form, written = {name: (rows.shape[1:], rows.dtype) for name, rows in first.items()}, 0
    for block in blocks:
        sizes = {len(rows) for rows in block.values()}
        if len(sizes) > 1 or form != {n: (rows.shape[1:], rows.dtype) for n, rows in block.items()}:
            raise ValueError(f"every block must have the same rows of {form}")
        written += sizes.pop()
        yield block
    if written != num_rows:
        raise ValueError(f"there must be {num_rows} rows, not {written}")
