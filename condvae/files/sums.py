"""Files and their sha256 sums, in hex."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from condvae.files.atomic import atomic_path


def sum_of(path: Path) -> str:
    """The sum of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_whole(path: Path, sha256: str | None) -> bool:
    """Whether a file is there and is what it was."""
    return sha256 is not None and path.is_file() and sum_of(path) == sha256


def write_array(path: Path, values: Any) -> str:
    """Write an array as .npy, whole or not at all; return the sum of its file."""
    with atomic_path(path) as fresh:
        np.save(fresh, np.ascontiguousarray(values), allow_pickle=False)
        return sum_of(fresh)
