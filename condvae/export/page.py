"""A run as a page that runs its model, see `condvae.explorer`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from condvae.blocks import slices
from condvae.checks import InputError
from condvae.data import Dataset
from condvae.explorer import (
    NUM_EXAMPLES,
    NUM_POINTS,
    Page,
    Shown,
    Subject,
    gather_rows,
    make_page,
    read_moves,
)
from condvae.export.folder import graphs_of
from condvae.graph.stored import read_weights
from condvae.runs import Run

ENCODING = 0.8  # approximate share of the time for encoding the data


def explore(
    run: Run | Path | str,
    dataset: Dataset | None = None,
    num_points: int = NUM_POINTS,
    num_examples: int = NUM_EXAMPLES,
    data_dir: Path | None = None,
    tell: Callable[[float], None] = lambda share: None,
) -> Page:
    """Make a self-contained page that runs the model of a run; in a notebook it is displayed.

    Args:
        run: a run, or the path of one.
        dataset: the training data, whose encodings are shown; None: read again with the name in the
            record, and omitted with a note if they are not found.
        num_points: largest number of encodings; 0 omits the data.
        num_examples: number of training images in the page.
        data_dir: folder with the files of a named data set.
        tell: called with the share of the work that is done.

    Raises:
        InputError: a model without latents, a model of tables, or a part that cannot be exported;
            or data other than those of the run.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    record, stored, tensors = run.record, run.stored_weights(), {}
    graphs = graphs_of(run)
    for name, graph in graphs.items():
        tensors |= read_weights(graph, stored, name)
    subject = Subject(
        run.path.stem if run.is_archive else run.path.resolve().name,
        graphs,
        tensors,
        record.condition,
        record.preprocessing.in_unit_interval,
        record.preprocessing.pixel_classes,
        record.spec.model.latent_groups,
    )
    shown, notes = None, ()
    if num_points and "encoder" in graphs:
        try:
            dataset = run.load_data(data_dir) if dataset is None else run.check_data(dataset)
            shown = _shown(run, dataset, num_points, num_examples, tell)
        except InputError as error:
            # data passed by the caller must fit; data that are not found are omitted
            if dataset is not None:
                raise
            notes = (f"The data are not available: {error}",)
    moves = {} if run.is_archive else read_moves(run.path / "metrics.json")
    tell(ENCODING)
    page = make_page(subject, shown, moves)
    return replace(page, notes=(*page.notes, *notes))


def _shown(
    run: Run,
    dataset: Dataset,
    num_points: int,
    num_examples: int,
    tell: Callable[[float], None],
) -> Shown | None:
    """The training rows, up to the number that fits into a page, with their classes if any."""
    split, of_data, classes = run.check_data(dataset).train, dataset.condition.classes, None
    if of_data is not None:  # even if the model is given parts of the images
        classes = (of_data.categories, split.given)
    return gather_rows(
        run.record.condition,
        split.x,
        run.conditions(split),
        lambda x, y: _encode(run, x, y, tell),
        run.record.preprocessing.x_max,
        classes,
        num_points,
        num_examples,
    )


def _encode(run: Run, x: np.ndarray, y: np.ndarray, tell: Callable[[float], None]) -> np.ndarray:
    """Posterior means, computed in blocks of rows."""
    pairs, means, done = ((x[part], y[part]) for part in slices(len(x))), [], 0
    for mean, _ in run.model.encode_blocks(pairs):
        means.append(mean)
        done += len(mean)
        tell(ENCODING * done / len(x))
    return np.concatenate(means)
