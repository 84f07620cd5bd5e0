"""Measure everything about a run, from Python."""

from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from condvae.checks import InputError
from condvae.data import Dataset, load_data
from condvae.reports.advice import advice_lines, whole_of
from condvae.reports.folder import report_run
from condvae.reports.metrics_file import Metrics
from condvae.reports.protocols import protocol_lines
from condvae.reports.verdict import LEGEND, verdict_block
from condvae.runs import Run

WIDTH = 100  # width of wrapped lines


@dataclass(frozen=True)
class Report:
    """The results of an evaluation; printed, it is the output of `condvae evaluate`.

    Attributes:
        metrics: the content of metrics.json.
        words: the measures by title, as text.
    """

    metrics: Metrics
    words: dict[str, str]

    def __getitem__(self, title: str) -> dict[str, Any]:
        """The figures of a measure: `report["Bound"]["elbo"]`."""
        return self.metrics.measures[title]

    @property
    def faults(self) -> tuple[str, ...]:
        """The doctor's findings."""
        return self.metrics.faults

    @property
    def lines(self) -> list[tuple[str, bool]]:
        """The verdict, one line per question, with whether the line is a warning."""
        advice = advice_lines(self.metrics)
        return [
            (f"{self.metrics.run}: {self.metrics.summary}", False),
            *([(f"! {fault}", True) for fault in self.faults] or [(whole_of(self.metrics), False)]),
            ("", False),
            *verdict_block(self.metrics),
            ("", False),
            *((line, False) for line in (*advice, *[""] * bool(advice))),
            *(
                (line, False)
                for text in (LEGEND, *protocol_lines(self.metrics))
                for line in wrap(text, WIDTH, subsequent_indent="    ")
            ),
        ]

    @property
    def details(self) -> str:
        """Every measure in full sentences."""
        return "\n\n".join(f"{title}\n{text}" for title, text in self.words.items())

    def __str__(self) -> str:
        return "\n".join(line for line, _ in self.lines)


def evaluate(
    run: Run | Path | str,
    data: Dataset | Path | str | None = None,
    *,
    full: bool = False,
    log: bool = True,
    prior: str | None = None,
    texture: bool | None = None,
    temperature: float = 1.0,
    guidance: float = 0.0,
) -> Report:
    """Everything that `condvae evaluate` measures on the test split.

    Writes the same metrics.json and report.html to the run folder.

    Args:
        run: a run, or its folder.
        data: the training data; None: the data named in the record.
        full: use K = 5,000, all images or rows, and classifiers trained on generated images.
        log: send the figures to the run's trackers, too.
        prior, texture, temperature, guidance: how the generated images of classes that are judged
            are drawn, as by the options of `condvae generate`; None: as it does by itself.

    Raises:
        InputError: no run, or data other than the run's.
    """
    if isinstance(run, str | Path):
        run = Run.open(run)
    if not isinstance(run, Run):
        raise InputError(
            "evaluate needs a run, or its folder",
            type(run).__name__,
            "Make one from a fitted CVAE with `Run.from_model(model, data, path)`.",
        )
    if isinstance(data, str | Path):
        data = load_data(data, spec=run.spec.data)
    dataset = run.load_data() if data is None else data
    drawing = {"texture": texture, "temperature": temperature, "guidance": guidance}
    return Report(*report_run(run, dataset, full, log=log, prior=prior, **drawing))
