"""Default names of run folders."""

from pathlib import Path


def last_run_path(name: str, parent: Path = Path("runs")) -> Path:
    """The last of name, name-2, name-3, … that exists; name where none does."""
    path, number = parent / name, 2
    while (following := parent / f"{name}-{number}").exists():
        path, number = following, number + 1
    return path


def new_run_path(name: str, parent: Path = Path("runs")) -> Path:
    """The first of name, name-2, name-3, … that does not exist yet."""
    path, number = parent / name, 1
    while path.exists():
        number += 1
        path = parent / f"{name}-{number}"
    return path
