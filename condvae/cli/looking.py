"""condvae evaluate, plot, data info, presets."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import InputError, check_new_path, check_suffix
from condvae.cli.arguments import (
    DataDir,
    Overwrite,
    data_of_run,
    load_dataset,
    numbers,
    working,
)


def evaluate(
    *runs: Annotated[Path, Parameter(name="RUN")],
    data: str | None = None,
    data_dir: DataDir = None,
    full: Annotated[bool, Parameter(negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    card: Path | None = None,
    overwrite: Overwrite = False,
) -> int:
    """Everything that can be measured on the test split: the bound and log p(x | y); given a class,
    what latents, labels and generated images are worth; of label maps, pixel accuracy and
    intersection over union; of tables, how well generated rows stand for real ones.

    RUN/metrics.json and RUN/report.html hold it, too, where RUN is a folder.

    Args:
        runs: Run folders.
        data: The training data, where they are no longer found under the recorded name.
        full: K = 5,000, all images, and classifiers trained on generated images (minutes to hours).
        as_json: Print JSON: for each run the content of its metrics.json.
        card: A model card to write, a Markdown file; of one run.
    """
    from condvae.files.atomic import write_text
    from condvae.reports import compare_runs, model_card, report_run
    from condvae.runs import Run

    if not runs:
        raise InputError("evaluate needs a run folder", "none", "Write `condvae evaluate RUN`.")
    if card is not None:
        check_suffix(check_new_path(card, overwrite), ".md")
        if len(runs) > 1:
            raise InputError("--card must come with one RUN", f"{len(runs)}", "Name one.")
    names, measured = [str(path) for path in runs], []
    for opened in [Run.open(path) for path in runs]:
        with working(f"evaluating {opened.path}"):
            metrics, words = report_run(opened, data_of_run(opened, data, data_dir), full)
            if card is not None:
                write_text(card, model_card(opened, metrics, words))
        measured.append(metrics)
        if not as_json:
            print(f"{opened.path}: ", end="")
            print(*words.values(), *(f"doctor: {fault}" for fault in metrics.faults), sep="\n")
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
            "their figures do not compare",
            file=sys.stderr,
        )
    return 0


def plot(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *names: Annotated[str, Parameter(name="FIGURE")],
    given: Annotated[list[str] | None, Parameter(negative="")] = None,
    out: Path | None = None,
    data: str | None = None,
    data_dir: DataDir = None,
) -> int:
    """Draw figures: all, or some of scatter, generate, manifold, traversal, reconstruct, transfer,
    labels, interpolation, style, predictions, bound, history.

    Args:
        run: A run folder.
        names: Which figures; all of them when not given.
        given: Labels for manifold and traversal.
        out: The folder to write to; RUN/figures when not given, NAME-figures for an archive.
        data: The training data, where they are no longer found under the recorded name.
    """
    from condvae.figures import gallery
    from condvae.runs import Run

    opened = Run.open(run)
    chosen = None if not names or "all" in names else list(names)
    labels = [opened.record.classes.given(text) for text in given] if given else None
    folder = out or (Path(f"{run.stem}-figures") if opened.is_archive else run / "figures")
    check_new_path(folder / "figure.png", overwrite=True)
    with working("drawing"):
        dataset = opened.check_data(data_of_run(opened, data, data_dir))
        figures = gallery.draw(opened.model, dataset, opened.history, chosen, labels)
        paths = gallery.save(figures, folder)
    print(*paths, sep="\n")
    return 0


def info(
    source: Annotated[str, Parameter(name="DATA")],
    /,
    *,
    sheet: Path | None = None,
    conditions: Annotated[tuple[str, ...] | None, Parameter("--condition", negative="")] = None,
    ignore: Annotated[tuple[str, ...] | None, Parameter(negative="")] = None,
    resize: str | None = None,
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """Shapes, ranges, classes and counts.

    Args:
        source: A set's name or a path.
        conditions: A column that is given, such as digit, or slant:continuous; once for each.
        ignore: A column that is left out; once for each.
        resize: Height,width that the images of a folder are scaled to.
        sheet: An image to write: the first ten of each class.
    """
    from condvae.data.overview import contact_sheet, describe
    from condvae.files.atomic import atomic_path

    if sheet is not None:
        check_suffix(check_new_path(sheet, overwrite), ".png")
    size = None if resize is None else numbers(resize, "--resize", int)
    dataset = load_dataset(source, data_dir, conditions=conditions, ignore=ignore, resize=size)
    description = describe(dataset)
    page = None if sheet is None else contact_sheet(dataset)
    print(description)
    if sheet is not None and page is not None:
        with atomic_path(sheet) as fresh:
            page.save(fresh)
        print(f"\n{sheet}: the first ten of each class")
    return 0


def presets(name: Annotated[str | None, Parameter(name="NAME")] = None, /) -> int:
    """List the presets, or print one as the JSON that --config takes.

    Args:
        name: A preset.
    """
    from condvae.spec.presets import PRESETS, preset

    if name is not None:
        print(preset(name).model_dump_json(indent=2))
        return 0
    width = max(map(len, PRESETS))
    for known, (purpose, _) in PRESETS.items():
        print(f"{known:<{width}} {purpose}")
    return 0
