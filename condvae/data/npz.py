"""NumPy's own files: .npz, a zip archive of arrays, and .npy, each checked before it is trusted.

`numpy.load` allocates what a header announces: a file of 450 bytes made it request 1 TiB. So each
header is first compared with the archive's directory or the file; NumPy then reads the arrays.
"""

import io
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from condvae.checks import InputError
from condvae.data.array_store import ArrayStore, Form, refusal
from condvae.data.mapped import MappedRows
from condvae.data.short_reads import ShortReads

HEADER_BYTES = 2**14  # NumPy takes 10,000 characters
HEADER_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class NpzFile(ArrayStore):
    """The arrays of an .npz."""

    of_one = False

    def __init__(self, path: Path):
        super().__init__(path)
        self.archive = self.opened.enter_context(opened(path))
        infos = self.archive.infolist()
        self.members = {info.filename.removesuffix(".npy"): info for info in infos}
        self.names = tuple(self.members)

    def form(self, name: str) -> Form:
        """Shape and dtype from the header, if the archive's directory agrees."""
        return announced(self.archive, self.called(name), self.members[name])

    def read(self, name: str) -> np.ndarray:
        """The array, with its checksum compared."""
        whole = refusal(f"{self.called(name)} must be whole", "a damaged one")
        with whole, self.archive.open(self.members[name]) as file:
            return npy.read_array(file, allow_pickle=False)


class NpyFiles(ArrayStore):
    """Arrays by name, one .npy each."""

    may_stay = True

    def __init__(self, path: Path, files: Mapping[str, Path]):
        super().__init__(path)
        self.files = dict(files)
        self.names = tuple(self.files)

    def called(self, name: str) -> str:
        """Name of an array in error messages."""
        return str(self.files[name])

    def form(self, name: str) -> Form:
        """Shape and dtype from the header, if the file is that long."""
        path = self.files[name]
        with refusal(f"{path} must be whole", "a damaged one"), open(path, "rb") as file:
            return _form(file, path.stat().st_size, str(path))

    def read(self, name: str) -> np.ndarray:
        """The array."""
        path = self.files[name]
        with refusal(f"{path} must be whole", "a damaged one"), open(path, "rb") as file:
            return npy.read_array(file, allow_pickle=False)

    def mapped(self, name: str) -> Any:
        """The array as a memory map."""
        self.form(name)
        return np.load(self.files[name], mmap_mode="r", allow_pickle=False)


class NpyParts(ArrayStore):
    """Arrays by name, of several .npy each: x-00.npy, x-01.npy, ... are x.

    Args:
        path: path of the folder.
        parts: files of each array, in the order of their rows.
    """

    may_stay = True

    def __init__(self, path: Path, parts: Mapping[str, Sequence[Path]]):
        super().__init__(path)
        self.parts = {
            name: NpyFiles(path, {file.stem: file for file in files})
            for name, files in parts.items()
        }
        self.names = tuple(self.parts)

    def form(self, name: str) -> Form:
        """Shape and dtype of all parts together, if they are alike."""
        parts = self.parts[name]
        forms = {part: parts.form(part) for part in parts.names}
        (first, (shape, dtype)), *_ = forms.items()
        for part, (other, kind) in forms.items():
            if (other[1:], kind, len(other) > 0) != (shape[1:], dtype, True):
                raise InputError(
                    f"{parts.called(part)} must be like {parts.called(first)}, "
                    f"(N, {', '.join(map(str, shape[1:]))}) {dtype}",
                    f"shape {other}, {kind}",
                    "Write it again, or move it elsewhere.",
                )
        return (sum(other[0] for other, _ in forms.values()), *shape[1:]), dtype

    def read(self, name: str) -> np.ndarray:
        """The array, its parts concatenated."""
        parts = self.parts[name]
        return np.concatenate([parts.read(part) for part in parts.names])

    def mapped(self, name: str) -> Any:
        """The array, its parts mapped."""
        parts = self.parts[name]
        return MappedRows([parts.mapped(part) for part in parts.names])


def read_x(path: Path) -> np.ndarray | None:
    """The array x of an .npz that holds only x; None if there are others.

    Raises:
        InputError: a damaged .npz, a pickled array, or more data than memory should hold.
    """
    with NpzFile(path) as store:
        return store.arrays(store.names)["x"] if store.names == ("x",) else None


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, its directory compared with its members and free of duplicate names."""
    with ShortReads(path) as file:
        with refusal(
            f"{path} must be a file that numpy.savez wrote", "no zip archive, or a damaged one"
        ):
            archive = zipfile.ZipFile(file)
            for member in archive.infolist():  # compares its two names: damage may hide an array
                archive.open(member).close()
        _check_names(archive, path)
        yield archive


def _check_names(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise if two arrays have one name."""
    # to NumPy, x.npy and x are both x
    names = [info.filename.removesuffix(".npy") for info in archive.infolist()]
    if len(set(names)) < len(names):
        raise InputError(
            f"{path} must hold each array once",
            "two with the same name",
            "Write it again with numpy.savez(path, x=x, y=y).",
        )


def announced(archive: zipfile.ZipFile, name: str, member: zipfile.ZipInfo) -> Form:
    """Shape and dtype from an array's header, if the archive's directory agrees."""
    # other methods can decompress any amount at once
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(
            f"{name} must be stored or deflated, as NumPy writes it",
            f"compression method {member.compress_type}",
            "Write the file again with numpy.savez_compressed(path, x=x, y=y).",
        )
    with refusal(f"{name} must be whole", "a damaged one"), archive.open(member) as file:
        return _form(file, member.file_size, name)


def _form(file: IO[bytes], size: int, name: str) -> Form:
    """Shape and dtype from the header of an .npy of this many bytes, if they agree."""
    # only the header is decompressed, however large the member
    head = io.BytesIO(file.read(HEADER_BYTES))
    read_header = HEADER_READERS[npy.read_magic(head)]
    shape, _, dtype = read_header(head)
    if dtype.hasobject:
        raise InputError(
            f"{name} must hold numbers or strings",
            "pickled Python objects, which are never unpickled because they can run code",
            "Write the file again with the array converted, for example with x.astype('uint8') or "
            "y.astype(str).",
        )
    # a dtype of no bytes would let any shape pass
    announced, found = math.prod(shape) * max(dtype.itemsize, 1), size - head.tell()
    if announced != found:
        raise ValueError(f"its header announces {announced:,} bytes, it has {found:,}")
    return shape, dtype
