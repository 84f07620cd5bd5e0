"""A run as a page in which its model runs, see `condvae.explorer`."""

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
from condvae.likelihoods import likelihood_named
from condvae.runs import Run


def explore(
    run: Run | Path | str,
    dataset: Dataset | None = None,
    num_points: int = NUM_POINTS,
    num_examples: int = NUM_EXAMPLES,
    data_dir: Path | None = None,
) -> Page:
    """The model of a run as a page that runs by itself; in a notebook, shown in the cell.

    Args:
        run: a run, or the path of one.
        dataset: the training data, whose encodings are shown; read again by the name in the
            record where None, and left out where they are not found, which a note says.
        num_points: encodings at most; 0 leaves the data out.
        num_examples: training images that the page holds.
        data_dir: where the files of a named set lie.

    Raises:
        InputError: a model without latents, of tables, or with a part that cannot be exported;
            other data than those of the run.
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
        likelihood_named(record.spec.model.likelihood).of_bits,
    )
    shown, notes = None, ()
    if num_points and "encoder" in graphs:
        try:
            dataset = run.load_data(data_dir) if dataset is None else run.check_data(dataset)
            shown = _shown(run, dataset, num_points, num_examples)
        except InputError as error:
            # data that the caller handed over must fit; data that are merely not found are left out
            if dataset is not None:
                raise
            notes = (f"The data are not at hand: {error}",)
    moves = {} if run.is_archive else read_moves(run.path / "metrics.json")
    page = make_page(subject, shown, moves)
    return replace(page, notes=(*page.notes, *notes))


def _shown(run: Run, dataset: Dataset, num_points: int, num_examples: int) -> Shown | None:
    """The training rows, as many as a page can bear; with the class of each where they have one."""
    split, of_data, classes = run.check_data(dataset).train, dataset.condition.classes, None
    if of_data is not None:  # also where the model is given parts of the images
        classes = (of_data.categories, split.given)
    return gather_rows(
        run.record.condition,
        split.x,
        run.conditions(split),
        lambda x, y: _encode(run, x, y),
        run.record.preprocessing.x_max,
        classes,
        num_points,
        num_examples,
    )


def _encode(run: Run, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Posterior means, computed in blocks of rows."""
    pairs = ((x[part], y[part]) for part in slices(len(x)))
    return np.concatenate([mean for mean, _ in run.model.encode_blocks(pairs)])
