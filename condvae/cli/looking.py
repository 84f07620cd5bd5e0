"""condvae evaluate, plot, data info, presets."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from condvae.checks import InputError, check_new_path, check_suffix
from condvae.cli.arguments import DataDir, Overwrite, data_of_run, load_dataset, working


def evaluate(
    *runs: Annotated[Path, Parameter(name="RUN")],
    data: str | None = None,
    data_dir: DataDir = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """The ELBO and its parts on the test split; given a part of the image, log p(x | y) too.

    Args:
        runs: Run folders.
        data: The training data, where they are no longer found under the recorded name.
        as_json: Print JSON.
    """
    from dataclasses import asdict

    from condvae.evaluation import conditional_likelihood
    from condvae.evaluation import evaluate as evaluate_run
    from condvae.runs import Run

    if not runs:
        raise InputError("evaluate needs a run folder", "none", "Write `condvae evaluate RUN`.")
    opened = [Run.open(path) for path in runs]
    results, likelihoods = [], []
    for run in opened:
        with working(f"evaluating {run.path}"):
            dataset = data_of_run(run, data, data_dir)
            results.append(evaluate_run(run, dataset))
            masked = run.spec.data.task != "class"
            likelihoods.append(conditional_likelihood(run, dataset) if masked else None)
    if as_json:
        rows = [
            {"run": str(run.path)} | asdict(result) | (likelihood.figures() if likelihood else {})
            for run, result, likelihood in zip(opened, results, likelihoods, strict=True)
        ]
        print(json.dumps(rows, indent=2))
        return 0
    for run, result, likelihood in zip(opened, results, likelihoods, strict=True):
        print(f"{run.path}: {result}")
        if likelihood:
            print(likelihood)
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
    labels, interpolation, predictions, history.

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
    data_dir: DataDir = None,
    overwrite: Overwrite = False,
) -> int:
    """Shapes, ranges, classes and counts.

    Args:
        source: A set's name or a path.
        sheet: An image to write: the first ten of each class.
    """
    from condvae.atomic import atomic_path
    from condvae.data.overview import contact_sheet, describe

    if sheet is not None:
        check_suffix(check_new_path(sheet, overwrite), ".png")
    dataset = load_dataset(source, data_dir)
    print(describe(dataset))
    if sheet is not None:
        with atomic_path(sheet) as fresh:
            contact_sheet(dataset).save(fresh)
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
