"""Arrays of numbers in MATLAB's .mat files of version 5 to 7; version 7.3 is HDF5.

Parsed here, byte by byte: of 1,500 damaged files, one crashed SciPy's reader with a segmentation
fault.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from condvae.checks import check_memory
from condvae.data.array_store import ArrayStore, Form, refusal

HEADER_BYTES, MATRIX, COMPRESSED = 128, 14, 15
# how numbers are stored, and MATLAB's classes of them
STORED = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4"}
CLASSES |= {14: "i8", 15: "u8"}
COMPLEX = 0x08
MOST_ARRAYS = 10_000
BLOCK = 2**20
REMEDY = "Copy the file again, or save it again with save(path, 'x', 'y', '-v7')."


class MatArray(NamedTuple):
    """Location of an array.

    Attributes:
        place: offset of its element in the file.
        shape: shape as MATLAB shows it.
        dtype: dtype of the result.
    """

    place: int
    shape: tuple[int, ...]
    dtype: np.dtype


class MatFile(ArrayStore):
    """The numeric arrays of a .mat; structures, cells, text and sparse arrays are skipped."""

    by_columns = True

    def __init__(self, path: Path):
        super().__init__(path)
        self.found: dict[str, MatArray] = {}
        whole = refusal(f"{path} must be a .mat file", "none, or a damaged one", REMEDY)
        with whole, ExitStack() as opened:
            self.file = opened.enter_context(open(path, "rb"))
            head = self.file.read(HEADER_BYTES)
            if head[126:128] not in (b"IM", b"MI"):
                raise ValueError("no header of version 5 or later")
            self.order = "<" if head[126:128] == b"IM" else ">"
            for count, place in enumerate(self._places(path.stat().st_size)):
                if count > MOST_ARRAYS:
                    raise ValueError(f"more than {MOST_ARRAYS:,} arrays")
                self._find(place)
            self.opened = opened.pop_all()
        self.names = tuple(self.found)

    def form(self, name: str) -> Form:
        """Shape and dtype of MATLAB's class; its numbers may be stored in fewer bytes."""
        return self.found[name].shape, self.found[name].dtype

    def read(self, name: str) -> np.ndarray:
        """The array."""
        found = self.found[name]
        with refusal(f"{self.called(name)} must be whole", "a damaged one", REMEDY):
            parts = self._parts(found.place)
            for _ in range(3):  # flags, sizes and name
                next(parts)
            kind, content = next(parts)
            values = np.frombuffer(content, np.dtype(f"{self.order}{STORED[kind]}"))
            if len(values) != math.prod(found.shape):
                raise ValueError(f"{len(values):,} numbers instead of {math.prod(found.shape):,}")
        return values.astype(found.dtype, copy=False).reshape(found.shape, order="F")

    def _places(self, size: int) -> Iterator[int]:
        """Offset of the file's first element."""
        place = HEADER_BYTES
        while place < size:
            self.file.seek(place)
            _, length = self._tag(self.file.read(8))
            if place + 8 + length > size:
                raise ValueError(f"an element of {length:,} bytes, some of which are missing")
            yield place
            place += 8 + length

    def _find(self, place: int) -> None:
        """Record an element if it is a numeric array."""
        parts = self._parts(place, most=BLOCK)
        flags = struct.unpack(f"{self.order}I", next(parts)[1][:4])[0]
        of_class, is_complex = flags & 0xFF, flags >> 8 & COMPLEX
        sizes, (_, name) = next(parts)[1], next(parts)
        shape = struct.unpack(f"{self.order}{len(sizes) // 4}i", sizes)
        if min(shape) < 0:
            raise ValueError(f"the shape {shape}")
        # a single number is an annotation
        if of_class not in CLASSES or is_complex or not name or math.prod(shape) == 1:
            return
        if (called := name.decode("ascii")) in self.found:
            raise ValueError(f"two arrays {called!r}")
        self.found[called] = MatArray(place, shape, np.dtype(CLASSES[of_class]))

    def _parts(self, place: int, most: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Kind and content of the parts of an array: its flags, sizes, name, and numbers.

        Args:
            place: offset of the element.
            most: number of bytes to decompress; None: all, if memory should hold them.
        """
        self.file.seek(place)
        kind, length = self._tag(self.file.read(8))
        content = self.file.read(length if kind == COMPRESSED or most is None else most)
        if kind == COMPRESSED:
            content = _unpacked(content, most, str(self.path))
            kind, content = self._tag(content[:8])[0], content[8:]
        if kind != MATRIX:
            raise ValueError(f"an element of kind {kind}")
        place = 0
        while place + 8 <= len(content):
            kind, length = self._tag(content[place : place + 8])
            start = place + 8
            if kind >> 16:  # at most four bytes, in the tag itself
                kind, length, start = kind & 0xFFFF, kind >> 16, place + 4
            if start + length > len(content) and most is None:
                raise ValueError(f"a part of {length:,} bytes, some of which are missing")
            yield kind, content[start : start + length]
            place = start + (4 if start == place + 4 else -(-length // 8) * 8)

    def _tag(self, content: bytes) -> tuple[int, int]:
        """Kind and length of the next part."""
        return struct.unpack(f"{self.order}II", content)


def _unpacked(packed: bytes, most: int | None, name: str) -> bytes:
    """Decompressed content; the checksum is compared if all of it is requested."""
    unpacking, blocks, size = zlib.decompressobj(), [], 0
    while not unpacking.eof and (most is None or size < most):
        blocks.append(unpacking.decompress(packed, BLOCK))
        packed, size = unpacking.unconsumed_tail, size + len(blocks[-1])
        check_memory(4 * size, f"{name}, unpacked,")
        if not packed and not blocks[-1]:
            break
    if most is None and not unpacking.eof:
        raise ValueError("a compressed array that breaks off")
    return b"".join(blocks)
