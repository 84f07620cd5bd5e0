"""condvae evaluate, plot, data info, presets."""

import json
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
) -> int:
    """The ELBO and its parts on the test split; given a class, whether generated images are those
    asked for, look real and are no copies; given an image or a part of it, log p(x | y) too; of
    label maps, pixel accuracy and intersection over union; of tables, how well generated rows
    stand for real ones.

    Args:
        runs: Run folders.
        data: The training data, where they are no longer found under the recorded name.
        full: Given a class, also train classifiers on generated images (minutes).
        as_json: Print JSON.
    """
    from dataclasses import asdict

    from condvae.evaluation import (
        conditional_likelihood,
        evaluate_label_maps,
        evaluate_samples,
        evaluate_table,
        has_classes_to_judge,
        score_accuracy,
    )
    from condvae.evaluation import evaluate as evaluate_run
    from condvae.runs import Run

    if not runs:
        raise InputError("evaluate needs a run folder", "none", "Write `condvae evaluate RUN`.")
    opened = [Run.open(path) for path in runs]
    results = []
    for run in opened:
        with working(f"evaluating {run.path}"):
            dataset = data_of_run(run, data, data_dir)
            further = []
            if run.spec.data.task != "class":
                further.append(conditional_likelihood(run, dataset))
            if run.record.preprocessing.pixel_classes is not None:
                further.append(evaluate_label_maps(run, dataset))
            if dataset.table is not None:
                further.append(evaluate_table(run, dataset))
            if has_classes_to_judge(run, dataset):
                further.append(evaluate_samples(run, dataset))
                if full:
                    further.append(score_accuracy(run, dataset))
            results.append((run, evaluate_run(run, dataset), further))
    if as_json:
        rows = [{"run": str(run.path)} | asdict(bound) for run, bound, _ in results]
        for row, (_, _, further) in zip(rows, results, strict=True):
            for result in further:
                row |= result.figures()
        print(json.dumps(rows, indent=2))
        return 0
    for run, bound, further in results:
        print(f"{run.path}: {bound}", *further, sep="\n")
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
    labels, interpolation, predictions, bound, history.

    Args:
        run: A run folder.
        names: Which figures; all of them when not given.
        given: Labels for manifold and traversal.
        out: The folder to write to; RUN/figures when not given, NAME-figures for an archive.
        data: The training data, where they are no longer found under the recorded name.
    """
    from condvae.exploration import gallery
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
    from condvae.atomic import atomic_path
    from condvae.data.overview import contact_sheet, describe

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
    from condvae.presets import PRESETS, preset

    if name is not None:
        print(preset(name).model_dump_json(indent=2))
        return 0
    for known, (purpose, _) in PRESETS.items():
        print(f"{known:<10} {purpose}")
    return 0
