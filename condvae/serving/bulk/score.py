"""Scores of the rows of a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from condvae.checks import check_at_least
from condvae.data.writing import write_table
from condvae.evaluation.row_scorer import RowScorer
from condvae.evaluation.scores import Scores
from condvae.runs import Run
from condvae.runs.rows import RunRows, rows_of_run
from condvae.serving.bulk.verb import Verb


@dataclass(frozen=True)
class Score(Verb):
    """log p(x | y), log p(x) and the most probable label of every row: a table.

    Attributes:
        num_samples: number of draws of z for each image and each likely label.
        seed: seed of the draws.
    """

    num_samples: int = 50
    seed: int = 0
    name: ClassVar[str] = "score"
    suffix: ClassVar[str] = ".parquet"

    def check(self, run: Run) -> None:
        """Check that the run is conditional on classes."""
        check_at_least(self.num_samples, 1, "--num-samples")
        check_at_least(self.seed, 0, "--seed")
        run.record.classes  # noqa: B018 - raises for a run without classes

    def make(self, run: Run, source: Path, out: Path, first: int = 0) -> int:
        """See `Verb`."""
        return self.write(run, rows_of_run(run, source, bare=True, part=True), out)

    def write(
        self, run: Run, rows: RunRows, out: Path, tell: Callable[[int], None] = lambda done: None
    ) -> int:
        """Write the scores of rows; return their number.

        Args:
            tell: called with the number of rows done.
        """
        count = 0

        def tables() -> Iterator[dict[str, np.ndarray]]:
            nonlocal count
            for _, scores in self.scored(run, rows):
                columns = scores.columns()
                columns["row"] += count
                count += len(columns["row"])
                tell(count)
                yield columns

        write_table(out, tables(), {"row"})
        return count

    def scored(self, run: Run, rows: RunRows) -> Iterator[tuple[np.ndarray, Scores]]:
        """Images and their scores, block by block."""
        return scorer_of(run, self.num_samples, self.seed).blocks(rows.blocks())


_scorers: dict[tuple[int, int, int], tuple[Run, RowScorer]] = {}


def scorer_of(run: Run, num_samples: int, seed: int) -> RowScorer:
    """The scorer of a run, whose programs are compiled once per process."""
    key = id(run), num_samples, seed
    if key not in _scorers:
        # keep the run too, so that its id is not reused
        _scorers[key] = run, RowScorer(run.by_keras, num_samples, seed)
    return _scorers[key][1]
