"""IDX, the format of MNIST: a big-endian header, then the bytes. Plain or gzipped."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from condvae.checks import InputError, check_memory
from condvae.data.arrays import bytes_needed

UNSIGNED_BYTE = 0x08
CHUNK_BYTES = 2**20


def read_idx(path: Path, num_axes: int) -> np.ndarray:
    """The uint8 array in an IDX file.

    Raises:
        InputError: as for `idx_content`.
    """
    return idx_array(idx_content(path, num_axes), num_axes)


def mapped_idx(path: Path, num_axes: int) -> np.ndarray | None:
    """The array as a memory map; None if the file is gzipped or differs from its header."""
    with open(path, "rb") as file:
        header = file.read(4 + 4 * num_axes)
    if header[:4] != struct.pack(">I", UNSIGNED_BYTE << 8 | num_axes):
        return None
    if len(header) < 4 + 4 * num_axes or not math.prod(shape := _shape(header, num_axes)):
        return None
    if path.stat().st_size != len(header) + math.prod(shape):
        return None
    return np.memmap(path, np.uint8, "r", len(header), shape)


def idx_content(path: Path, num_axes: int) -> bytearray:
    """The whole content of an IDX file, uncompressed, its length checked.

    Args:
        path: a file, gzipped or not, as its first bytes show.
        num_axes: 3 for images, 1 for labels.

    Returns:
        Header and data.

    Raises:
        InputError: not IDX of unsigned bytes with that many axes, shorter or longer than its
            header says, more than memory should hold, or a broken gzip stream.
    """
    header_bytes = 4 + 4 * num_axes  # magic number, then a uint32 for each axis
    content = bytearray()
    with _open_content(path) as file:
        _extend(content, file, header_bytes, path)
        magic = UNSIGNED_BYTE << 8 | num_axes
        if content[:4] != struct.pack(">I", magic):
            raise InputError(
                f"{path} must be an IDX file of {'images' if num_axes == 3 else 'labels'}, with "
                f"the magic number 0x{magic:08x}",
                f"0x{content[:4].hex()}" if content else "an empty file",
                "Pass the images file with its labels file beside it, neither renamed.",
            )
        expected, found = header_bytes, len(content)
        if found == header_bytes:
            shape = _shape(content, num_axes)
            expected += math.prod(shape)
            found = path.stat().st_size
            # a file that is too short is refused before its array is counted; the length of a gzip
            # stream is unknown before its end
            if found >= expected or isinstance(file, gzip.GzipFile):
                # twice, because a test set of the same size may exist beside it
                needed = 2 * bytes_needed(shape, np.dtype(np.uint8))
                check_memory(needed, f"the array of {path}, with copies,")
                # one byte more than announced reveals a file that is too long
                _extend(content, file, expected + 1, path)
                found = len(content)
    if found != expected:
        received = f"{found:,}" if found < expected else f"more than {expected:,}"
        raise InputError(
            f"{path} must hold the {expected:,} bytes that its header announces",
            f"{received} bytes",
            "It is damaged: download or copy it again.",
        )
    return content


def idx_array(content: bytearray, num_axes: int) -> np.ndarray:
    """The uint8 array in the content of an IDX file; shares its memory."""
    data = np.frombuffer(content, np.uint8, offset=4 + 4 * num_axes)
    return data.reshape(_shape(content, num_axes))


def _shape(content: bytes | bytearray, num_axes: int) -> tuple[int, ...]:
    """The sizes in the header."""
    return struct.unpack_from(f">{num_axes}I", content, 4)


def _open_content(path: Path) -> BinaryIO:
    """The file, decompressed while reading if it begins like gzip."""
    with open(path, "rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else open(path, "rb")


def _extend(content: bytearray, file: BinaryIO, size: int, path: Path) -> None:
    """Read until content has `size` bytes or the file ends; memory grows with the file."""
    try:
        while len(content) < size:
            # read1 decompresses little at once, whatever the compressed bytes expand to
            chunk = file.read1(min(CHUNK_BYTES, size - len(content)))  # type: ignore[attr-defined]
            if not chunk:
                return
            content += chunk
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path} must be a whole gzip file of {size:,} bytes or more",
            f"a stream that breaks off after {len(content):,} bytes ({error})",
            "It is damaged: download or copy it again.",
        ) from None
