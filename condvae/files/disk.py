"""A clear error for a full disk."""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from condvae.checks import InputError


@contextmanager
def room_for(what: str, num_bytes: Callable[[], int], folder: Path, advice: str) -> Iterator[None]:
    """Raise an InputError with the space needed if writing to the folder fills its disk."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        # a folder that was created for the file was removed with it
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        raise InputError(
            f"the disk of {folder} must have room for {what}, {num_bytes():,} bytes",
            f"{shutil.disk_usage(there).free:,} bytes free ({error.strerror})",
            advice,
        ) from None
