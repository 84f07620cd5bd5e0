"""A full disk, said in words."""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from condvae.checks import InputError


@contextmanager
def room_for(what: str, num_bytes: Callable[[], int], folder: Path, advice: str) -> Iterator[None]:
    """Say how much is needed where writing to the folder finds its disk full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        # a folder that was made for the file went with it
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        raise InputError(
            f"the disk of {folder} must have room for {what}, {num_bytes():,} bytes",
            f"{shutil.disk_usage(there).free:,} bytes free ({error.strerror})",
            advice,
        ) from None
