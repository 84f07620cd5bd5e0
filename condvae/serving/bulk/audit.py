"""The least plausible rows of a file, and those of all parts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from condvae.checks import InputError, check_at_least, check_choice
from condvae.data.tables import read_table
from condvae.data.writers import to_uint8
from condvae.data.writing import write_table
from condvae.files.atomic import atomic_path
from condvae.runs import Run
from condvae.runs.rows import RunRows, rows_of_run
from condvae.serving.bulk.folder import Folder
from condvae.serving.bulk.parts import Part, local
from condvae.serving.bulk.score import Score

MOST_SHOWN = 2_500  # images on the sheet
Rows = dict[str, np.ndarray]


@dataclass(frozen=True)
class Audit(Score):
    """The rows whose label, or image, is least plausible: a table, with a contact sheet.

    Attributes:
        top: number of rows.
        by: "label" or "image".
    """

    top: int = 100
    by: str = "label"
    name: ClassVar[str] = "audit"
    joint: ClassVar[str] = "all"

    def check(self, run: Run) -> None:
        """Check the run as for scores."""
        check_choice(self.by, ("label", "image"), "--by")
        check_at_least(self.top, 1, "--top")
        super().check(run)

    def write(
        self, run: Run, rows: RunRows, out: Path, tell: Callable[[int], None] = lambda done: None
    ) -> int:
        """Write the least plausible rows; return the number of all rows."""
        count, least = 0, Rows()
        for x, scores in self.scored(run, rows):
            if scores.codes is None and self.by == "label":
                raise InputError(
                    "an audit of labels requires labels", "only images", "Use --by image."
                )
            columns = scores.columns()
            columns["row"] += count
            count += len(x)
            tell(count)
            least = self._least(least, columns | {"_image": _levels(run, x)})
        _write(out, least.pop("_image"), least)
        return count

    def join(self, run: Run, parts: Sequence[Part], folder: Folder) -> None:
        """The least plausible rows of all parts, of which each is among those of its own part."""
        least = Rows()
        for number, part in enumerate(parts):
            with local(f"{folder.place}/{part.name}{self.suffix}") as path:
                found = read_table(path).columns
            places = np.full(len(found["row"]), number)
            least = self._least(least, {"part": places, **found})
        of_part, rows = least["part"][:MOST_SHOWN], least["row"][:MOST_SHOWN].astype(int)
        images = np.empty((len(rows), *run.record.preprocessing.image_shape), "float32")
        for number in np.unique(of_part):
            mine = np.flatnonzero(of_part == number)
            with local(parts[number].source) as source:
                images[mine] = _images(run, source, rows[mine])
        least["part"] = np.array([parts[number].name for number in least["part"]])
        with folder.output(self.joint + self.suffix) as out:
            _write(out, images, least)

    def _least(self, kept: Rows, more: Rows) -> Rows:
        """The first of both in their order; the earlier of equal rows first."""
        # a part without labels lacks some columns
        shared = [name for name in more if name in kept]
        joined = {n: np.concatenate([kept[n], more[n]]) for n in shared} if kept else more
        rank = joined["log_prob" if self.by == "image" else "label_margin"]
        first = np.argsort(rank, kind="stable")[: self.top]
        return {name: values[first] for name, values in joined.items()}


def _levels(run: Run, x: np.ndarray) -> np.ndarray:
    """Images as numbers for a sheet."""
    return x if x.dtype.kind == "f" else x / run.record.preprocessing.x_max


def _images(run: Run, source: Path, wanted: np.ndarray) -> np.ndarray:
    """Some rows of a part, in the order in which they are wanted."""
    first, found = 0, np.empty((len(wanted), *run.record.preprocessing.image_shape), "float32")
    for x, _ in rows_of_run(run, source, bare=True, part=True).blocks():
        here = np.flatnonzero((first <= wanted) & (wanted < first + len(x)))
        found[here] = _levels(run, x[wanted[here] - first]).reshape(len(here), *found.shape[1:])
        first += len(x)
    return found


def _write(out: Path, images: np.ndarray, rows: Rows) -> None:
    """Write a table; its sheet first, so that no table exists without it."""
    from condvae.figures.captioned import captioned_sheet  # matplotlib's fonts take a second

    shown = {name: values[:MOST_SHOWN] for name, values in rows.items()}
    page = captioned_sheet(to_uint8(images[:MOST_SHOWN]), list(_captions(shown)))
    with atomic_path(out.with_suffix(".png")) as fresh:
        page.save(fresh)
    write_table(out, rows, {"row"})


def _captions(columns: Mapping[str, np.ndarray]) -> Iterator[list[str]]:
    """For each row its part and number, its label if it has one, and the most probable label."""
    for place, (row, best) in enumerate(zip(columns["row"], columns["best_label"], strict=True)):
        lines = [str(columns["part"][place])] if "part" in columns else []
        lines.append(f"row {row:.0f}")
        if "label" not in columns:
            yield [*lines, f"best {best}"]
            continue
        label = columns["label"][place]
        yield [*lines, f"label {label}", "best as it is" if best == label else f"better {best}"]
