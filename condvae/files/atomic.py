"""Files that are either complete or absent."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, for a file or a folder; renamed to `path` at the end.

    The content is flushed to the disk before it gets its name. If the block raises, the temporary
    file is removed and `path` is unchanged; only a killed process leaves it behind, under a hidden
    name that `remove_scratch` recognises. The temporary name has the same suffix, because writers
    choose the format by it. A file replaces an existing file; a folder replaces only an empty
    folder.
    """
    path = Path(path)
    # removed again if writing fails
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    # on the same disk, so that renaming is atomic
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        fresh = scratch / path.name
        yield fresh
        for written in [*fresh.rglob("*"), fresh]:
            _flush(written)
        os.replace(fresh, path)
        # otherwise a power failure may lose the new name, although the content is on the disk
        _flush(path.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if not path.exists():
            with suppress(OSError):  # it may contain files of another process by now
                for folder in made:
                    folder.rmdir()


def write_text(path: Path, text: str) -> None:
    """Write text to path, completely or not at all."""
    with atomic_path(path) as fresh:
        fresh.write_text(text, encoding="utf-8")


def remove_scratch(folder: Path) -> None:
    """Remove temporary files of killed processes from a folder; only for its single writer."""
    for scratch in folder.glob(".*.tmp"):
        shutil.rmtree(scratch, ignore_errors=True)


def _flush(path: Path) -> None:
    """Flush a file's content, or a folder's directory entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
