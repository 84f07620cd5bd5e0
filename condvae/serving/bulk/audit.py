"""The least plausible rows of a file."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from condvae.checks import InputError, check_at_least, check_choice
from condvae.data.writers import to_uint8
from condvae.data.writing import write_table
from condvae.files.atomic import atomic_path
from condvae.runs import Run
from condvae.runs.rows import RunRows
from condvae.serving.bulk.score import Score

MOST_SHOWN = 2_500  # images on the sheet


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

    def check(self, run: Run) -> None:
        """Check the run as for scores."""
        check_choice(self.by, ("label", "image"), "--by")
        check_at_least(self.top, 1, "--top")
        super().check(run)

    def write(
        self, run: Run, rows: RunRows, out: Path, tell: Callable[[int], None] = lambda done: None
    ) -> int:
        """Write the least plausible rows; the sheet first, so that no table exists without it."""
        count, kept, images = 0, {}, np.empty(0)
        for x, scores in self.scored(run, rows):
            if scores.codes is None and self.by == "label":
                raise InputError(
                    "an audit of labels requires labels", "only images", "Use --by image."
                )
            columns = scores.columns()
            columns["row"] += count
            columns["_rank"] = scores.log_prob if self.by == "image" else columns["label_margin"]
            count += len(x)
            tell(count)
            x = x if x.dtype.kind == "f" else x / run.record.preprocessing.x_max
            if kept:
                columns = {name: np.concatenate([kept[name], columns[name]]) for name in columns}
                x = np.concatenate([images, x])
            # the first of equal rows, as in a stable sort of all rows
            least = np.argsort(columns["_rank"], kind="stable")[: self.top]
            kept, images = {name: values[least] for name, values in columns.items()}, x[least]
        from condvae.figures.captioned import captioned_sheet  # matplotlib's fonts take a second

        shown = {name: values[:MOST_SHOWN] for name, values in kept.items()}
        page = captioned_sheet(to_uint8(images[:MOST_SHOWN]), list(_captions(shown)))
        with atomic_path(out.with_suffix(".png")) as fresh:
            page.save(fresh)
        kept.pop("_rank")
        write_table(out, kept, {"row"})
        return count


def _captions(columns: Mapping[str, np.ndarray]) -> Iterator[list[str]]:
    """For each row its number, its label if it has one, and the most probable label."""
    for place, (row, best) in enumerate(zip(columns["row"], columns["best_label"], strict=True)):
        lines = [f"row {row}"]
        if "label" not in columns:
            yield [*lines, f"best {best}"]
            continue
        label = columns["label"][place]
        yield [*lines, f"label {label}", "best as it is" if best == label else f"better {best}"]
