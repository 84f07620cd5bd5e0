"""Files behind URLs, using fsspec: s3://, gs://, https:// and its other protocols.

Files are downloaded and uploaded as a whole, so that all other code reads and writes only local
files, with the same bytes.
"""

import importlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from condvae.checks import InputError, reason_of

URL = re.compile(r"(?!hf:)[a-z][a-z0-9+.-]+://\S", re.IGNORECASE)
MAGIC = "*?["
TRIES, BACKOFF_SECONDS = 4, 0.5
# by the class names of the libraries' errors, which are not imported here
REFUSED = {
    "NoCredentialsError": "no credentials",
    "PartialCredentialsError": "half of the credentials",
    "DefaultCredentialsError": "no credentials",
    "PermissionError": "no permission",
}
EXTRA = "pip install 'condvae[remote]'"

Result = TypeVar("Result")


def is_url(text: object) -> bool:
    """Whether a text is the address of a remote file."""
    return bool(URL.match(str(text)))


def is_pattern(place: str) -> bool:
    """Whether a path or a URL is a pattern; a web address may contain a question mark."""
    return any(sign in place for sign in ("*" if place.lower().startswith("http") else MAGIC))


def find(pattern: str) -> dict[str, int]:
    """The files that match a pattern: {URL: size in bytes, or -1 if unknown}, sorted."""
    system, path = _system(pattern)

    def look() -> dict[str, int]:
        found = system.glob(path, detail=True) if is_pattern(pattern) else {path: system.info(path)}
        infos = dict(sorted(found.items()))
        return {
            system.unstrip_protocol(p): -1 if info.get("size") is None else int(info["size"])
            for p, info in infos.items()
            if info.get("type") != "directory"
        }

    try:
        return _tried(look, pattern)
    except FileNotFoundError:
        return {}


def names_in(folder: str) -> set[str]:
    """The files in a folder and its subfolders, by their names relative to it."""
    system, path = _system(folder)
    path = path.rstrip("/")

    def look() -> set[str]:
        system.invalidate_cache()
        return {str(found)[len(path) + 1 :] for found in system.find(path)}

    try:
        return _tried(look, folder)
    except FileNotFoundError:
        return set()


def read_text(url: str) -> str:
    """The text of a file."""
    system, path = _system(url)
    return _tried(lambda: system.cat_file(path).decode(), url)


def write_text(url: str, text: str) -> None:
    """Write a file, completely or not at all."""
    system, path = _system(url)
    _tried(lambda: system.pipe_file(path, text.encode()), url)


@contextmanager
def fetched(url: str) -> Iterator[Path]:
    """A local copy with the same name, for the duration of the block."""
    system, path = _system(url)
    with TemporaryDirectory(prefix="condvae-") as folder:
        copy = Path(folder, path.rstrip("/").rpartition("/")[2])
        try:
            _tried(lambda: system.get_file(path, str(copy)), url)
        except FileNotFoundError:
            raise InputError(
                f"{url} must be a file", "nothing there", "Check the address."
            ) from None
        yield copy


def put(file: Path, url: str) -> None:
    """Upload a file; stores show it only when it is complete."""
    system, path = _system(url)
    _tried(lambda: system.put_file(str(file), path), url)


def _system(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    try:
        fsspec: Any = importlib.import_module("fsspec")
        return fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise InputError(
            f"{url} requires the extra 'remote', or its own library",
            reason_of(error),
            f"Install it: {EXTRA}.",
        ) from None


def _tried(work: Callable[[], Result], url: str) -> Result:
    """The result of work, repeated if the network fails; other errors become clear messages.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: no credentials, no permission, or no answer after all tries.
    """
    for attempt in range(TRIES):
        try:
            return work()
        except (FileNotFoundError, AttributeError, TypeError):
            raise
        except Exception as error:  # each library has its own errors
            refused = next((REFUSED[n] for n in _names(error) if n in REFUSED), None)
            if refused is not None:
                raise InputError(
                    f"{url} must be accessible",
                    f"{refused} ({reason_of(error)})",
                    "Set the credentials in the form that the store's own client uses, such as "
                    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
                ) from None
            if attempt == TRIES - 1:
                raise InputError(
                    f"{url} must answer",
                    f"{TRIES} failures, the last {reason_of(error)}",
                    "Check the address and the network, and try again.",
                ) from None
            time.sleep(BACKOFF_SECONDS * 2**attempt)
    raise AssertionError  # the last try has either returned or raised


def _names(error: BaseException | None) -> Iterator[str]:
    """The class names of an error and of its causes."""
    while error is not None:
        yield from (kind.__name__ for kind in type(error).__mro__)
        error = error.__cause__ or error.__context__
