"""Two runs as one page, in which their models stand side by side."""

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
)
from condvae.export.folder import graphs_of
from condvae.graph.stored import read_weights
from condvae.runs import Run

NUM_POINTS = 5_000  # that tell how active the latents are


def compare(
    first: Run | Path | str,
    second: Run | Path | str,
    dataset: Dataset | None = None,
    num_examples: int = NUM_EXAMPLES,
    data_dir: Path | None = None,
) -> Page:
    """Two models side by side as a page: one style, or one drawing, for both.

    Args:
        first, second: runs, or paths of them, of images of one shape that are given classes, of
            which some have the same names.
        dataset: the first one's training data, of which images to start from are taken; read again
            by the name in the record where None, and left out where they are not found.
        num_examples: these images; 0 leaves them out.
        data_dir: where the files of a named set lie.

    Raises:
        InputError: models that cannot be compared; other data than those of the first run.
    """
    runs = [run if isinstance(run, Run) else Run.open(run) for run in (first, second)]
    subjects = _subject(runs[0]), _subject(runs[1])
    shown, notes = [], []
    for place, run in enumerate(runs):
        try:
            data = dataset if dataset is not None and place == 0 else run.load_data(data_dir)
            shown.append(_shown(run, data, num_examples if place == 0 else 0))
        except InputError as error:
            # data that the caller handed over must fit; others are left out
            if dataset is not None and place == 0:
                raise
            shown.append(None)
            notes.append(f"The data of {subjects[place].name} are not at hand: {error}")
    page = make_comparison(subjects, (shown[0], shown[1]))
    return Page(page.text, (*page.notes, *notes))


def _subject(run: Run) -> Subject:
    """A run's model."""
    record, stored, tensors = run.record, run.stored_weights(), {}
    if record.preprocessing.table is not None:
        raise InputError(
            "models side by side must be of images",
            f"{run.path}, of a table",
            "Explore it alone, or take `condvae compare`.",
        )
    graphs = graphs_of(run)
    for name, graph in graphs.items():
        tensors |= read_weights(graph, stored, name)
    return Subject(
        run.path.stem if run.is_archive else run.path.resolve().name,
        graphs,
        tensors,
        record.condition,
        record.preprocessing.in_unit_interval,
        record.preprocessing.pixel_classes,
        record.spec.model.latent_groups,
    )


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
