"""Shared parts of commands: option types, and the conversion of their text to objects."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from condvae.checks import InputError
from condvae.tracking import TRACKERS

if TYPE_CHECKING:
    from condvae.data import Dataset
    from condvae.runs import Run
    from condvae.spec import DataSpec

SECONDS = 10.0  # between lines of progress

DataDir = Annotated[Path | None, Parameter(help="Folder of the files of a named data set.")]
Log = Annotated[
    tuple[str, ...],
    Parameter(
        negative="",
        show_default=False,
        help="A tracker that records the run; repeat the option for several. A resumed run stays "
        f"where it is tracked. [choices: {', '.join(TRACKERS)}]",
    ),
]
Scale = Annotated[
    int | None,
    Parameter(
        show_default=False,
        help="Enlarge pictures by this whole number. The PNG file stores the factor, so that every "
        "command reads the original pixels; 1 writes these. Default: for a .png the smallest "
        "number that makes each image at least 112 pixels wide and high; for a folder 1.",
    ),
]
Overwrite = Annotated[bool, Parameter(negative="", help="Replace an existing output.")]


def load_dataset(
    source: str, data_dir: Path | None, spec: "DataSpec | None" = None, **settings: Any
) -> "Dataset":
    """The data set that DATA names, read with the spec and settings."""
    from condvae.data import load_data

    return load_data(source, data_dir=data_dir, spec=spec, **settings)


def data_of_run(run: "Run", data: str | None, data_dir: Path | None) -> "Dataset":
    """The data of a run, by the recorded name or the one given."""
    return load_dataset(data, data_dir, run.spec.data) if data else run.load_data(data_dir)


def numbers(text: str, option: str, kind: type) -> tuple:
    """Numbers separated by commas."""
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"{option} must be numbers separated by commas", repr(text), f"Write {option}=1,2."
        ) from None


@contextmanager
def working(what: str, lines: bool = False) -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal, since loading Keras alone takes seconds; it can show progress.

    Args:
        lines: without a terminal, print a line of progress now and then.
    """
    if not sys.stderr.isatty():
        yield _by_lines(what) if lines else lambda far: None
        return
    from rich.console import Console  # takes a while to import

    with Console(stderr=True).status(what) as status:
        yield lambda far: status.update(f"{what} {far}")


def _by_lines(what: str) -> Callable[[str], None]:
    """A function that reports progress by a line on stderr, at most every SECONDS."""
    said = monotonic()

    def say(far: str) -> None:
        nonlocal said
        if monotonic() - said >= SECONDS:
            said = monotonic()
            print(f"{what}: {far}", file=sys.stderr, flush=True)

    return say


def counted(blocks: Iterable[Any], total: int, say: Callable[[str], None]) -> Iterator[Any]:
    """The blocks, while the number of rows so far is reported."""
    done = 0
    for block in blocks:
        done += len(block)
        say(f"{done:,} of {total:,}")
        yield block


@contextmanager
def notices(name: str) -> Iterator[None]:
    """Print what a logger reports at level INFO, which Python does not print by default."""
    logger, handler = logging.getLogger(name), logging.StreamHandler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
