"""Files that are either whole or not there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, for a file or a folder; renamed onto it at the end.

    What was written has reached the disk before it gets its name. When the block raises, it is
    removed and `path` stays as it was; only a kill leaves it behind, under a hidden name that
    `remove_scratch` knows. The temporary name keeps the suffix, because writers choose the
    format by it. A file replaces an existing one; a folder only an empty one.
    """
    path = Path(path)
    # removed again where the writing fails
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    # on the same disk, where a rename is one step
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        fresh = scratch / path.name
        yield fresh
        for written in [*fresh.rglob("*"), fresh]:
            _flush(written)
        os.replace(fresh, path)
        # else the new name may be lost with the power, though the content is there
        _flush(path.parent)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if not path.exists():
            with suppress(OSError):  # another's files may lie there by now
                for folder in made:
                    folder.rmdir()


def write_text(path: Path, text: str) -> None:
    """Write text to path, whole or not at all."""
    with atomic_path(path) as fresh:
        fresh.write_text(text, encoding="utf-8")


def remove_scratch(folder: Path) -> None:
    """Remove what killed processes left in a folder; for its only writer."""
    for scratch in folder.glob(".*.tmp"):
        shutil.rmtree(scratch, ignore_errors=True)


def _flush(path: Path) -> None:
    """Have the file's content, or the folder's list of names, reach the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
