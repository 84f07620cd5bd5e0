"""MATLAB's .mat files of version 4 to 7, read by SciPy; those of version 7.3 are HDF5."""

import struct
import zlib
from pathlib import Path

import numpy as np

from condvae.checks import InputError, check_memory
from condvae.data.array_store import ArrayStore, Form, refusal

# classes of MATLAB that are plain numbers
NUMBERS = {
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "double": "float64",
    "single": "float32",
    "logical": "uint8",
}
HEADER_BYTES, COMPRESSED = 128, 15
BLOCK = 2**20
REMEDY = "Copy the file again, or save it anew with save(path, 'x', 'y', '-v7')."


class MatFile(ArrayStore):
    """The arrays of numbers of a .mat; structures, cells and texts are passed over."""

    by_columns = True

    def __init__(self, path: Path):
        from scipy.io import whosmat

        super().__init__(path)
        with refusal(f"{path} must be a .mat file", "none, or a damaged one", REMEDY):
            _check_unpacked(path)
            found = whosmat(str(path))
        self.forms = {
            name: (tuple(shape), np.dtype(NUMBERS[kind]))
            for name, shape, kind in found
            if kind in NUMBERS
        }
        if len({name for name, *_ in found}) < len(found):
            raise InputError(f"{path} must hold each array once", "two of one name", REMEDY)
        self.names = tuple(self.forms)

    def form(self, name: str) -> Form:
        """Shape and dtype of MATLAB's class; its numbers may be stored in fewer bytes."""
        return self.forms[name]

    def read(self, name: str) -> np.ndarray:
        """The array."""
        from scipy.io import loadmat

        with refusal(f"{self.called(name)} must be whole", "a damaged one", REMEDY):
            array = loadmat(str(self.path), variable_names=[name])[name]
            if not isinstance(array, np.ndarray) or array.shape != self.forms[name][0]:
                raise ValueError("another shape than announced")
        if array.dtype.kind not in "biuf":
            raise InputError(f"{self.called(name)} must hold numbers", f"{array.dtype}", REMEDY)
        return array


def _check_unpacked(path: Path) -> None:
    """Refuse a file whose elements unpack to more than memory should hold, or are cut short."""
    total, size = 0, path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(HEADER_BYTES)
        if 0 in head[:4] or len(head) < HEADER_BYTES:
            return  # version 4, which compresses nothing
        order = "<" if head[126:128] == b"IM" else ">"
        while tag := file.read(8):
            kind, length = struct.unpack(f"{order}II", tag)
            if file.tell() + length > size:
                raise ValueError(f"an element of {length:,} bytes, of which some are not there")
            end = file.tell() + length
            if kind == COMPRESSED:
                unpacked = zlib.decompressobj()
                packed = b""
                while not unpacked.eof and (packed or file.tell() < end):
                    packed = packed or file.read(min(BLOCK, end - file.tell()))
                    total += len(unpacked.decompress(packed, BLOCK))
                    packed = unpacked.unconsumed_tail
                    check_memory(2 * total, f"{path}, unpacked,")
            file.seek(end)
