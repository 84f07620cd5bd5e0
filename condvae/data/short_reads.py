"""A file that gives little at a time, whatever a damaged content makes a library ask for."""

import io
from pathlib import Path

MOST_READ = 2**20


class ShortReads(io.BufferedReader):
    """A file to read, 1 MiB at once.

    Python allocates what is asked for before it reads. zipfile takes a directory that ends there,
    after some 20,000 members, for a truncated one; Pillow reads on, or stops.
    """

    def __init__(self, path: Path):
        super().__init__(io.FileIO(path))

    def read(self, size: int | None = -1) -> bytes:
        """At most 1 MiB of the next `size` bytes; all that is left for -1."""
        return super().read(-1 if size is None else min(size, MOST_READ))
