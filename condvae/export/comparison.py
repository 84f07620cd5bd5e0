"""Two runs in one page, with their models side by side."""

from pathlib import Path

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.explorer import (
    NUM_EXAMPLES,
    Page,
    Shown,
    Subject,
    gather_rows,
    make_comparison,
    read_faults,
)
from condvae.export.subject import networks_of, subject_of
from condvae.runs import Run

NUM_POINTS = 5_000  # for measuring how active the latents are


def compare(
    first: Run | Path | str,
    second: Run | Path | str,
    dataset: Dataset | None = None,
    num_examples: int = NUM_EXAMPLES,
    data_dir: Path | None = None,
) -> Page:
    """Two models side by side in a page: one style, or one drawing, for both.

    Args:
        first, second: runs, or paths of runs, on images given classes, some of which have the
            same names.
        dataset: the training data of the first run, with images to start from; None: read again
            with the name in the record, and omitted if they are not found.
        num_examples: number of these images; 0 omits them.
        data_dir: folder with the files of a named data set.

    Raises:
        InputError: models that cannot be compared, or data other than those of the first run.
    """
    runs = [run if isinstance(run, Run) else Run.open(run) for run in (first, second)]
    subjects = _subject(runs[0]), _subject(runs[1])
    shown, notes = [], []
    for place, run in enumerate(runs):
        try:
            data = dataset if dataset is not None and place == 0 else run.load_data(data_dir)
            shown.append(_shown(run, data, num_examples if place == 0 else 0))
        except InputError as error:
            # data passed by the caller must fit; others are omitted
            if dataset is not None and place == 0:
                raise
            shown.append(None)
            notes.append(f"The data of {subjects[place].name} are not available: {error}")
    faults = tuple(read_faults(run.path) for run in runs)
    page = make_comparison(subjects, (shown[0], shown[1]), faults)
    return Page(page.text, (*page.notes, *notes))


def _subject(run: Run) -> Subject:
    """The model of a run."""
    if run.record.preprocessing.table is not None:
        raise InputError(
            "models side by side must be models of images",
            f"{run.path}, a run on a table",
            "Explore it alone.",
        )
    return subject_of(run, *networks_of(run))


def _shown(run: Run, dataset: Dataset, num_examples: int) -> Shown | None:
    """Some training rows."""
    split = run.check_data(dataset).train
    return gather_rows(
        run.record.condition,
        split.x,
        run.conditions(split),
        lambda x, y: run.model.encode(x, y)[0],
        run.record.preprocessing.x_max,
        num_points=NUM_POINTS,
        num_examples=num_examples,
    )
