"""What packs of images and of tables have in common: a record, read and checked."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from condvae.checks import InputError
from condvae.files.frozen import Frozen

Record = TypeVar("Record", bound=Frozen)


def read_as(kind: type[Record], path: Path, remedy: str = "Pack the source again.") -> Record:
    """The content of a file of a pack.

    Raises:
        InputError: it is damaged.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise InputError(
            f"{path} must be as `condvae data pack` writes it",
            str(error).splitlines()[0],
            remedy,
        ) from None


def check_whole(path: Path, whole: bool, num_files: int, source: str) -> None:
    """Raise InputError if a pack is incomplete."""
    if not whole:
        raise InputError(
            f"{path} must be a complete pack",
            f"one with {num_files:,} files so far",
            f"Continue it: condvae data pack {source or 'SOURCE'} {path}.",
        )
