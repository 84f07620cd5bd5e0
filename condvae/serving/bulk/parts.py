"""Which files are parts, and what their outputs are called."""

import glob
import os
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
        name: of its output, without a suffix; with the folders under the pattern's fixed part.
        size: bytes.
    """

    source: str
    name: str
    size: int


def find_parts(pattern: str) -> list[Part]:
    """The files of a pattern in the order of their names; of arrays with labels beside, the arrays.

    Raises:
        InputError: there is none, or two outputs would have one name.
    """
    if remote.is_url(pattern):
        sizes = remote.find(pattern)
    else:
        paths = (Path(path) for path in sorted(glob.glob(pattern, recursive=True)))
        sizes = {str(path): path.stat().st_size for path in paths if path.is_file()}
    sizes = {source: size for source, size in sizes.items() if is_shown(Path(source).name)}
    if not sizes:
        raise InputError(
            f"{pattern} must stand for files", "none", "Check the pattern, and put it in quotes."
        )
    # as Python's own, which knows no pattern over a URL
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
    """What a source and its pattern have in common before the first sign that stands for others."""
    end = min(pattern.find(sign) for sign in remote.MAGIC if sign in pattern)
    start = pattern[:end]
    # a store may write its addresses in another way than the pattern does
    return start if source.startswith(start) else source


def _is_labels(source: str, sources: dict[str, int]) -> bool:
    """Whether a file holds the labels of another one."""
    path = Path(source)
    if path.suffix.lower() != NPY:
        return False
    others = (Path(other) for other in sources if other != source)
    beside = (o.stem for o in others if o.parent == path.parent and o.suffix.lower() == NPY)
    return any(path.stem in set(label_names(stem)) for stem in beside)
