"""The files that are parts, and the names of their outputs."""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from condvae.checks import InputError
from condvae.data.array_sources import NPY, label_names
from condvae.data.file_tree import is_shown
from condvae.data.tables import PACKED
from condvae.files import remote


@dataclass(frozen=True)
class Part:
    """One of several files.

    Attributes:
        source: its path or URL.
        name: name of its output, without a suffix; with the folders below the pattern's fixed part.
        size: size in bytes.
    """

    source: str
    name: str
    size: int


def find_parts(pattern: str) -> list[Part]:
    """The files that match a pattern, sorted by name; for arrays with label files, the arrays.

    Raises:
        InputError: there are none, or two outputs would have the same name.
    """
    if remote.is_url(pattern):
        sizes = remote.find(pattern)
    else:
        paths = (Path(path) for path in sorted(glob.glob(pattern, recursive=True)))
        sizes = {str(path): path.stat().st_size for path in paths if path.is_file()}
    sizes = {source: size for source, size in sizes.items() if is_shown(Path(source).name)}
    if not sizes:
        raise InputError(
            f"{pattern} must match files", "none", "Check the pattern, and put it in quotes."
        )
    # like Python's glob, which does not support URLs
    fixed = os.path.dirname(_before_magic(next(iter(sizes)), pattern))
    parts: dict[str, Part] = {}
    for source, size in sizes.items():
        if _is_labels(source, sizes):
            continue
        name = source[len(fixed) :].lstrip("/")
        for suffix in PACKED:
            name = name.removesuffix(suffix)
        name = os.path.splitext(name)[0]
        if name in parts:
            raise InputError(
                "parts must have different names",
                f"{parts[name].source} and {source}",
                "Rename one of them.",
            )
        parts[name] = Part(source, name, size)
    return list(parts.values())


def _before_magic(source: str, pattern: str) -> str:
    """The common start of a source and its pattern, before the first wildcard."""
    end = min(pattern.find(sign) for sign in remote.MAGIC if sign in pattern)
    start = pattern[:end]
    # a store may write its addresses differently from the pattern
    return start if source.startswith(start) else source


def _is_labels(source: str, sources: dict[str, int]) -> bool:
    """Whether a file holds the labels of another one."""
    path = Path(source)
    if path.suffix.lower() != NPY:
        return False
    others = (Path(other) for other in sources if other != source)
    beside = (o.stem for o in others if o.parent == path.parent and o.suffix.lower() == NPY)
    return any(path.stem in set(label_names(stem)) for stem in beside)


@contextmanager
def local(source: str) -> Iterator[Path]:
    """The path itself, or a local copy of a URL."""
    if not remote.is_url(source):
        yield Path(source)
        return
    with remote.fetched(source) as path:
        yield path
