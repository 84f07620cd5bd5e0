"""condvae evaluate."""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from condvae.checks import InputError, check_new_path, check_suffix
from condvae.cli.arguments import (
    DataDir,
    Overwrite,
    data_of_run,
    working,
)


def evaluate(
    *runs: Annotated[Path, Parameter(name="RUN")],
    data: str | None = None,
    data_dir: DataDir = None,
    full: Annotated[bool, Parameter(negative="")] = False,
    verbose: Annotated[bool, Parameter(negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    card: Path | None = None,
    log: bool = True,
    prior: Literal["model", "encodings"] | None = None,
    texture: bool | None = None,
    temperature: float = 1.0,
    guidance: float = 0.0,
    overwrite: Overwrite = False,
) -> int:
    """Measure everything on the test split: the bound and log p(x | y); for classes, the quality of
    latents, labels and generated images; for label maps, pixel accuracy and intersection over
    union; for tables, how similar generated rows are to real ones, what models learn from them,
    which rules they break, and what they reveal about the training rows.

    The results are also written to RUN/metrics.json and RUN/report.html if RUN is a folder.

    Args:
        runs: Run folders.
        data: The training data, if they are no longer found under the recorded name.
        full: Use K = 5,000 draws, all images or rows, and classifiers trained on generated images
            (minutes to hours).
        verbose: Add every measure in full sentences.
        as_json: Print the content of metrics.json for each run.
        card: A model card to write, as a Markdown file; for one run.
        log: Also send the figures to the trackers of the run (`condvae train --log`), if it has
            any.
        prior: Where z of the generated images that are judged comes from, as for `condvae
            generate`, which has the same default.
        texture: Judge images drawn with the noise of neighbouring pixels, as for `condvae
            generate`.
        temperature: Scale of the draws of z of these images.
        guidance: Strength of guidance of these images.
    """
    from condvae.cli.lines import print_lines, shares_told
    from condvae.files.atomic import write_text
    from condvae.reports import Report, compare_runs, model_card, report_run
    from condvae.runs import Run

    if not runs:
        raise InputError("evaluate needs a run folder", "none", "Write `condvae evaluate RUN`.")
    if card is not None:
        check_suffix(check_new_path(card, overwrite), ".md")
        if len(runs) > 1:
            raise InputError("--card must come with one RUN", f"{len(runs)}", "Name one.")
    drawing = {"texture": texture, "temperature": temperature, "guidance": guidance}
    names, measured = [str(path) for path in runs], []
    for opened in [Run.open(path) for path in runs]:
        with working(f"evaluating {opened.path}") as say:
            dataset, tell = data_of_run(opened, data, data_dir), shares_told(say)
            settings = {"log": log, "tell": tell, "prior": prior, **drawing}
            metrics, words = report_run(opened, dataset, full, **settings)
            if card is not None:
                write_text(card, model_card(opened, metrics, words))
        measured.append(metrics)
        if not as_json:
            report = Report(metrics, words)
            print_lines(report.lines)
            print(f"\n{report.details}" if verbose else "", end="\n" * verbose)
    if as_json:
        rows = [
            metrics.model_dump(mode="json") | {"run": name}
            for name, metrics in zip(names, measured, strict=True)
        ]
        print(json.dumps(rows, indent=2))
    elif len(runs) > 1:
        print(f"\n{compare_runs(names, measured)}")
    if len({metrics.measures["Bound"]["comparability"] for metrics in measured}) > 1:
        print(
            "these runs were measured by different protocols, see their comparability lines: "
            "their figures are not comparable",
            file=sys.stderr,
        )
    return 0
