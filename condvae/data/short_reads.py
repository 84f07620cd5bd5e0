"""A file that returns little per read, so that zipfile cannot read a directory of any size."""

import io
from pathlib import Path

MOST_READ = 2**20


class ShortReads(io.BufferedReader):
    """A file to read, at most 1 MiB per read.

    zipfile reads a directory in one read and creates an object for each member: 26 MB with 300,000
    empty members took 163 MB before anything could be checked. Cut at 1 MiB, after some 20,000
    members, the directory counts as truncated. Pillow needs no such file: it reads long blocks in
    parts by itself.

    Args:
        path: path of the file.
        most: bytes to read at once.
    """

    def __init__(self, path: Path, most: int = MOST_READ):
        super().__init__(io.FileIO(path))
        self._most = most

    def read(self, size: int | None = -1) -> bytes:
        """At most this many of the next `size` bytes; all remaining ones for -1."""
        return super().read(-1 if size is None else min(size, self._most))

    def __repr__(self) -> str:
        return str(self.name)
