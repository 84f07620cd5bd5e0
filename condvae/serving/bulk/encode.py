"""Posteriors of the rows of a file."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from condvae.checks import InputError
from condvae.data.array_files import write_blocks
from condvae.runs import Run
from condvae.runs.engines import model_in_passes
from condvae.runs.rows import RunRows, rows_of_run
from condvae.serving.bulk.verb import Verb

if TYPE_CHECKING:
    from condvae.conditions import Condition


@dataclass(frozen=True)
class Encode(Verb):
    """mean and logvar of q(z | x, y), and y, of every row, in an .npz."""

    name: ClassVar[str] = "encode"
    suffix: ClassVar[str] = ".npz"

    def check(self, run: Run) -> None:
        """Refuse parts of images, which cannot be read from files of whole images."""
        if run.record.condition.of_x:
            raise InputError(
                "encode requires a run that is given classes or whole images",
                f"{run.path}, which is given parts of images",
                "Use condvae.load(RUN).encode in Python.",
            )

    def is_numbered(self, run: Run) -> bool:
        """Always: the number of a row determines its position in a pass."""
        return True

    def make(self, run: Run, source: Path, out: Path, first: int = 0) -> int:
        """See `Verb`."""
        rows = rows_of_run(run, source, part=True)
        write_posteriors(run, rows, out, first)
        return rows.num_rows


def write_posteriors(
    run: Run,
    rows: RunRows,
    out: Path,
    first: int = 0,
    spread: bool = False,
    say: Callable[[int], None] = lambda done: None,
) -> None:
    """Write the posteriors of rows to an .npz with mean, logvar and y.

    Args:
        first: number of the first row.
        spread: whether to use all cores.
        say: called with the number of rows done.
    """
    for_model, for_file = tee(rows.blocks())
    posteriors = model_in_passes(run, spread).encode_blocks(for_model, first=first)
    done = 0

    def arrays() -> Any:
        nonlocal done
        for (mean, logvar), (_, y) in zip(posteriors, for_file, strict=True):
            yield {"mean": mean, "logvar": logvar, "y": as_text(y, run.record.condition)}
            done += len(mean)
            say(done)

    write_blocks(out, rows.num_rows, arrays())


def as_text(y: Any, condition: "Condition") -> Any:
    """Labels as text, with the same width in all blocks; other conditions unchanged."""
    if (classes := condition.classes) is None:
        return y
    width = max(map(len, (*classes.categories, str(classes.num_classes))))
    return y.astype(f"U{width}")
