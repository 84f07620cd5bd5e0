"""The files of a folder, or of a zip or tar archive, by name; nothing is unpacked to disk."""

import io
import posixpath
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

from condvae.checks import check_memory
from condvae.data.array_store import refusal
from condvae.data.short_reads import ShortReads

ZIP, TAR = (".zip",), (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
# files that systems put beside the user's own
JUNK = ("__macosx", "thumbs.db", "desktop.ini")
MOST_FILES = 1_000_000
DIRECTORY_BYTES = 2**26  # of a zip's directory, about as many files: some 400 MB as Python objects
COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class FileTree(ABC):
    """Files by their paths from the top, such as "cat/001.png"; a context manager.

    Attributes:
        path: path of the folder or the archive.
        names: names of the files, sorted, without hidden ones.
        folders: paths of all folders, including those without files.
    """

    names: tuple[str, ...]
    folders: tuple[str, ...]

    def __init__(self, path: Path):
        self.path = path
        self.opened = ExitStack()

    def called(self, name: str) -> str:
        """Name of a file in error messages."""
        return str(self.path / name)

    def holds(self, name: str) -> bool:
        """Whether there is such a file within the tree."""
        return name in self.names

    def in_order(self, names: Sequence[str]) -> Iterable[int]:
        """Positions of names in the order that is fastest to read."""
        return range(len(names))

    @abstractmethod
    def size(self, name: str) -> int:
        """Bytes of a file."""

    @abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """A file to read; the caller closes it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.opened.close()


class Folder(FileTree):
    """A folder; links to folders are not followed: one to a parent folder would never end."""

    def __init__(self, path: Path):
        super().__init__(path)
        found, folders, waiting = [], [], [path]
        while waiting:  # not rglob, which skips folders that it may not read
            for entry in waiting.pop().iterdir():
                if not is_shown(entry.name):
                    continue
                if entry.is_dir():
                    folders.append(entry.relative_to(path).as_posix())
                    waiting += [] if entry.is_symlink() else [entry]
                elif entry.is_file():
                    found.append(entry.relative_to(path).as_posix())
        self.names = tuple(sorted(found, key=lambda name: name.split("/")))
        self.folders = tuple(sorted(folders))

    def holds(self, name: str) -> bool:
        """Whether there is such a file, with no link that leads out of the folder."""
        path = self.path / name
        return path.is_file() and path.resolve().is_relative_to(self.path.resolve())

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return (self.path / name).stat().st_size

    def open(self, name: str) -> IO[bytes]:
        """A file to read."""
        return open(self.path / name, "rb")


class Archive(FileTree):
    """An archive whose members are in memory one at a time."""

    def __init__(self, path: Path, sizes: dict[str, int]):
        super().__init__(path)
        self.sizes = {name: size for name, size in sizes.items() if _is_shown_path(name)}
        self.names = tuple(sorted(self.sizes, key=lambda name: name.split("/")))
        self.folders = tuple(sorted(folders_of(self.names)))

    def size(self, name: str) -> int:
        """Size of a file in bytes, as the archive announces it."""
        return self.sizes[name]

    def open(self, name: str) -> IO[bytes]:
        """A file in memory, if its size is as announced."""
        size = self.sizes[name]
        check_memory(size, f"the file {self.called(name)}")
        with refusal(f"{self.called(name)} must be whole", "a damaged one"):
            content = self.read(name, size)
            if len(content) != size:
                raise ValueError(f"{len(content):,} bytes where the archive announces {size:,}")
        return io.BytesIO(content)

    @abstractmethod
    def read(self, name: str, size: int) -> bytes:
        """At most size bytes of a file, and one more if there are more."""


class Zip(Archive):
    """A zip archive, its members stored or deflated."""

    def __init__(self, path: Path):
        with ExitStack() as opened:
            file = opened.enter_context(ShortReads(path, DIRECTORY_BYTES))
            with refusal(f"{path} must be a zip archive", "none, or a damaged one"):
                self.archive = opened.enter_context(zipfile.ZipFile(file))
            infos = [info for info in self.archive.infolist() if not info.is_dir()]
            self.infos = {_plain(info.filename): info for info in infos}
            super().__init__(path, {name: info.file_size for name, info in self.infos.items()})
            self.opened.push(opened.pop_all())

    def read(self, name: str, size: int) -> bytes:
        """The first bytes of a member."""
        if self.infos[name].compress_type not in COMPRESSION:
            raise ValueError("neither stored nor deflated")
        with self.archive.open(self.infos[name]) as file:
            return file.read(size + 1)


class Tar(Archive):
    """A tar archive, compressed or not, read from start to end."""

    def __init__(self, path: Path):
        with ExitStack() as opened, refusal(f"{path} must be a tar archive", "none, or damaged"):
            self.archive = opened.enter_context(tarfile.open(path))
            self.members = {}
            for count, member in enumerate(self.archive):
                if count > MOST_FILES:
                    raise ValueError(f"more than {MOST_FILES:,} files")
                if member.isfile():
                    self.members[_plain(member.name)] = member
            super().__init__(path, {name: member.size for name, member in self.members.items()})
            self.opened.push(opened.pop_all())

    def in_order(self, names: Sequence[str]) -> Iterable[int]:
        """In the order of the archive, as it is compressed as a whole."""
        return sorted(range(len(names)), key=lambda place: self.members[names[place]].offset)

    def read(self, name: str, size: int) -> bytes:
        """The first bytes of a member."""
        file = self.archive.extractfile(self.members[name])
        return b"" if file is None else file.read(size + 1)


def file_tree(path: Path) -> FileTree:
    """The files at a path that `is_tree`.

    Raises:
        InputError: a damaged archive.
    """
    if path.is_dir():
        return Folder(path)
    return Zip(path) if path.name.lower().endswith(ZIP) else Tar(path)


def is_tree(path: Path) -> bool:
    """Whether a path is a folder or, by its name, an archive."""
    return path.is_dir() or (path.is_file() and path.name.lower().endswith((*ZIP, *TAR)))


def folders_of(names: Iterable[str]) -> set[str]:
    """Paths of all folders that hold files, at any depth."""
    found: set[str] = set()
    for name in names:
        # the parents of a known one are known too
        while (name := posixpath.dirname(name)) and name not in found:
            found.add(name)
    return found


def is_shown(name: str) -> bool:
    """Whether a file or folder is neither hidden nor one that systems create."""
    return not name.startswith(".") and name.lower() not in JUNK


def _is_shown_path(name: str) -> bool:
    """Whether this holds for each part of a path."""
    return all(is_shown(part) for part in name.split("/"))


def _plain(name: str) -> str:
    """A member's name as a path from the top; one that leads outside becomes a hidden one."""
    return posixpath.normpath(name.replace("\\", "/").lstrip("/"))
