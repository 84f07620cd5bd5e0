"""Download a file from the first mirror that serves it complete.

Written by hand, because pooch (1.9) has no mirrors (its issue 310) and no limit on the response,
and hashes the file as served: MNIST's published checksums are of the uncompressed content, so that
any mirror's own gzip will do. Its retries alone would not justify requests and the four packages
that requests brings.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from condvae.checks import InputError
from condvae.files.atomic import atomic_path

ATTEMPTS = 3
TIMEOUT_SECONDS = 20.0
BACKOFF_SECONDS = 1.0
MOST_BYTES = 2**28
CHUNK_BYTES = 2**16


class DownloadError(Exception):
    """No mirror served the file; the message names each with its reason."""


def download(mirrors: Sequence[str], path: Path, check: Callable[[Path], object]) -> Path:
    """Download a file to path, from the first mirror whose copy passes the check.

    A mirror is tried three times with growing pauses. The download has a temporary name until it
    has passed.

    Args:
        mirrors: base URLs; the file name is appended.
        path: where to save the file.
        check: raises InputError if the file is not the expected one.

    Returns:
        path.

    Raises:
        DownloadError: every mirror failed.
    """
    reasons = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{path.name}"
        reason = ""
        # first transient faults (a busy server, a login page), then faults of the mirror
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))
            reason = _attempt(url, path, check)
            if not reason:
                return path
        reasons.append(f"{url}: {reason}")
    raise DownloadError("; ".join(reasons))


def _attempt(url: str, path: Path, check: Callable[[Path], object]) -> str:
    """One attempt; "" if the file is at path, else the reason why not."""
    from http.client import HTTPException

    try:
        with atomic_path(path) as fresh:
            _fetch(url, fresh)
            check(fresh)
    except InputError as error:
        return error.received
    except (OSError, HTTPException) as error:
        return str(error) or type(error).__name__
    return ""


def _fetch(url: str, path: Path) -> None:
    """Write the content of the URL to path, with a progress bar on standard error."""
    from urllib.request import urlopen

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with (
        urlopen(url, timeout=TIMEOUT_SECONDS) as response,  # noqa: S310 (mirrors are constants)
        open(path, "wb") as file,
        Progress(*columns, TransferSpeedColumn(), console=Console(stderr=True)) as progress,
    ):
        task = progress.add_task(path.name, total=response.length)
        # the announced length is no limit: it may be wrong
        while chunk := response.read(CHUNK_BYTES):
            file.write(chunk)
            progress.advance(task, len(chunk))
            if file.tell() > MOST_BYTES:
                raise OSError(f"more than {MOST_BYTES:,} bytes")
