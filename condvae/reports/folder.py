"""The files that an evaluation writes to a run folder: metrics.json and report.html."""

from collections.abc import Callable
from typing import Any

import condvae
from condvae.data import Dataset
from condvae.evaluation import Drawing, Trial, evaluate_whole, find_faults
from condvae.evaluation.samples import LEAST_TEST_IMAGES, check_drawing, has_few_to_judge
from condvae.files.atomic import write_text
from condvae.reports.metrics_file import METRICS_NAME, Metrics, plain, read_metrics, write_metrics
from condvae.reports.page import render_page
from condvae.reports.pictures import draw_results
from condvae.reports.tracked import tell_metrics
from condvae.runs import Run

REPORT_NAME = "report.html"
MEASURING = 0.85  # approximate share of the time that is not for figures


def report_run(
    run: Run,
    dataset: Dataset,
    full: bool = False,
    full_images: int | None = None,
    log: bool = True,
    tell: Callable[[float, str], None] = lambda share, part: None,
    **drawing: Any,
) -> tuple[Metrics, dict[str, str]]:
    """Measure a run on the test split, and write both files if the run is a folder.

    Args:
        full, full_images: as for `evaluate_whole`.
        log: whether to send the figures to the run's trackers, too.
        tell: called with the share of the time that has passed, and the next step.
        drawing: arguments of `Drawing.of` for the images that are judged.

    Returns:
        The numbers, and the same as text by title.
    """
    trial = Trial.of(run, dataset, Drawing.of(run, dataset, **drawing))
    if trial.drawing != Drawing.of(run, dataset):
        check_drawing(trial)
    measuring = 1.0 if run.is_archive else MEASURING
    results = evaluate_whole(
        trial, full, full_images=full_images, tell=lambda done, part: tell(measuring * done, part)
    )
    words = {title: str(result) for title, result in results.items()}
    before = None if run.is_archive else read_metrics(run.path / METRICS_NAME)
    metrics = Metrics(
        condvae=condvae.__version__,
        run=run.path.name,
        test_readings=1 + (before.test_readings if before else 0),
        measures={title: plain(result.figures()) for title, result in results.items()},
        faults=(*_lack_of_images(trial), *find_faults(trial)),
        summary=_summary_of(trial),
        too_few=has_few_to_judge(trial),
    )
    if not run.is_archive:
        tell(measuring, "figures")
        write_metrics(run.path / METRICS_NAME, metrics)
        page = render_page(run, metrics, words, draw_results(trial, results))
        write_text(run.path / REPORT_NAME, page)
    if log:
        tell_metrics(run, metrics)
    return metrics, words


def _lack_of_images(trial: Trial) -> list[str]:
    """A sentence if there are too few test images to judge samples."""
    if not has_few_to_judge(trial):
        return []
    return [
        f"{len(trial.data.test.x):,} test images are too few to say how good the model is (fewer "
        f"than {LEAST_TEST_IMAGES} of some class), so that no figure is marked, and most figures "
        "of samples are left out: first collect more images, or hold out more (--test)"
    ]


def _summary_of(trial: Trial) -> str:
    """Scope of the evaluation: latents, epochs, and number of images or rows."""
    data, found = trial.data, trial.run.record.figures
    epochs = f"best epoch {found.best_epoch} of {found.epochs}, " if found else ""
    return (
        f"{trial.model.latent_dim} latents, {epochs}{len(data.train.x):,} training and "
        f"{len(data.test.x):,} test {data.unit}{_shape_of(data)}"
    )


def _shape_of(data: Dataset) -> str:
    """The size of images, and whether they are in colour."""
    if data.table is not None or len(data.image_shape) != 3:
        return ""
    height, width, channels = data.image_shape
    return f" of {width} × {height} pixels" + " in colour" * (channels == 3)
