"""One writer at a time."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from condvae.checks import InputError

LOCK_NAME = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system releases it when the process ends, however it ends.

    Raises:
        InputError: another process, or another part of this process, holds it; the message names
            it.
    """
    from filelock import FileLock, Timeout

    path = folder / LOCK_NAME
    try:
        # no soft lock on file systems without locks: it would outlive a killed process
        lock = FileLock(path, blocking=False, fallback_to_soft=False).acquire()
    except Timeout:
        holder = path.read_text(encoding="utf-8").strip() or "another process"
        raise InputError(
            f"{folder} must have one writer at a time",
            f"a second one while {holder} writes there",
            "Wait until that one has finished, or write into another folder.",
        ) from None
    with lock:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        holder = f"process {os.getpid()} on {platform.node()} since {since}\n"
        path.write_text(holder, encoding="utf-8")
        yield
