"""What several commands take: option types, and the way from their text to objects."""

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

DataDir = Annotated[Path | None, Parameter(help="Where the files of a named set lie.")]
Log = Annotated[
    tuple[str, ...],
    Parameter(
        negative="",
        show_default=False,
        help="A tracker that is told of the run, several by repeating it; a run that goes on does "
        f"so where it is tracked. [choices: {', '.join(TRACKERS)}]",
    ),
]
Scale = Annotated[
    int | None,
    Parameter(
        show_default=False,
        help="Enlarge pictures by this whole number. The PNG file says by which, so that every "
        "command reads it as the original pixels; 1 writes these. Default: for a .png the smallest "
        "number that makes each image at least 112 pixels wide and high; for a folder 1.",
    ),
]
Overwrite = Annotated[bool, Parameter(negative="", help="Replace an existing output.")]


def load_dataset(
    source: str, data_dir: Path | None, spec: "DataSpec | None" = None, **settings: Any
) -> "Dataset":
    """The data set that DATA names, read as spec and settings say."""
    from condvae.data import load_data

    return load_data(source, data_dir=data_dir, spec=spec, **settings)


def data_of_run(run: "Run", data: str | None, data_dir: Path | None) -> "Dataset":
    """The data of a run, by the recorded name or the one given."""
    return load_dataset(data, data_dir, run.spec.data) if data else run.load_data(data_dir)


def numbers(text: str, option: str, kind: type) -> tuple:
    """Numbers between commas."""
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"{option} must be numbers between commas", repr(text), f"Write {option}=1,2."
        ) from None


@contextmanager
def working(what: str, lines: bool = False) -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal: loading Keras alone takes seconds; it can say how far it is.

    Args:
        lines: elsewhere, too, it is said, by a line now and then.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _by_lines(what) if lines else lambda far: None
        return
    with console.status(what) as status:
        yield lambda far: status.update(f"{what} {far}")


def _by_lines(what: str) -> Callable[[str], None]:
    """What says how far something is, by a line on stderr, no more often than SECONDS."""
    said = monotonic()

    def say(far: str) -> None:
        nonlocal said
        if monotonic() - said >= SECONDS:
            said = monotonic()
            print(f"{what}: {far}", file=sys.stderr, flush=True)

    return say


def counted(blocks: Iterable[Any], total: int, say: Callable[[str], None]) -> Iterator[Any]:
    """The blocks, while it is said how many of all rows have come."""
    done = 0
    for block in blocks:
        done += len(block)
        say(f"{done:,} of {total:,}")
        yield block


@contextmanager
def notices(name: str) -> Iterator[None]:
    """Print what a logger tells at level INFO, which Python by itself keeps to itself."""
    logger, handler = logging.getLogger(name), logging.StreamHandler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
