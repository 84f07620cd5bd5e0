"""A run as a page that runs its model, see `condvae.explorer`."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from condvae.blocks import slices
from condvae.checks import InputError
from condvae.data import Dataset, Split
from condvae.explorer import (
    NUM_EXAMPLES,
    NUM_POINTS,
    Page,
    Preview,
    Shown,
    Subject,
    gather_rows,
    make_page,
    read_faults,
    read_moves,
    read_unusual,
)
from condvae.export.page_of_table import explore_table
from condvae.export.subject import networks_of, subject_of
from condvae.runs import Run

NUM_SAMPLES = 50  # draws of z, for log p(x | y) of a row
# Approximate share of the time after which encodings, and log p(x | y), are done.
ENCODED, SCORED = 0.3, 0.7
# Operations of the decoder allowed for log p(x | y): about half a minute for rows with images, and
# some seconds for the others.
MOST_PRODUCTS, MOST_OTHERS = 2**42, 2**38
BLOCK = 200  # rows in a call


def explore(
    run: Run | Path | str,
    dataset: Dataset | None = None,
    num_points: int = NUM_POINTS,
    num_examples: int | None = None,
    data_dir: Path | None = None,
    tell: Callable[[float, str], object] = lambda share, part: None,
    num_images: int | None = None,
    unusual: Path | None = None,
    preview: Preview | None = None,
) -> Page:
    """Make a self-contained page that runs the model of a run; in a notebook it is displayed.

    Args:
        run: a run, or the path of one.
        dataset: the training data, whose encodings are shown; None: read again with the name in the
            record, and omitted with a note if they are not found.
        num_points: largest number of encodings, or for tables of rows whose values are counted; 0
            omits the data.
        num_examples: number of training images, or rows of a table, in the page; None: 24 images,
            and no rows, which describe people more often than images do.
        data_dir: folder with the files of a named data set.
        num_images: number of training images that are shown when their points are clicked, with
            their row numbers and log p(x | y); None: 1,000, or 1 MiB of large images; 0: no rows
            are shown.
        unusual: a table of the training data from `condvae score` or `condvae audit`: the least
            plausible rows are shown in a separate strip.
        tell: called with the share of the work that is done, and a description of the step.
        preview: the preview image of the page in lists and messages; None: no image.

    Raises:
        InputError: a model without latents, or a part that cannot be exported; data other than
            those of the run, or a table of other data.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    graphs, tensors = networks_of(run)
    if run.record.preprocessing.table is not None:
        settings = (dataset, num_points, num_examples or 0, data_dir, preview)
        return explore_table(run, graphs, tensors, *settings)
    num_examples = NUM_EXAMPLES if num_examples is None else num_examples
    subject = subject_of(run, graphs, tensors)
    shown, notes = None, ()
    if num_points and "encoder" in graphs:
        try:
            dataset = run.load_data(data_dir) if dataset is None else run.check_data(dataset)
            shown = _shown(
                run, dataset, subject, num_points, num_examples, num_images, unusual, tell
            )
        except InputError as error:
            # data passed by the caller must fit; data that are not found are omitted
            if dataset is not None or unusual is not None:
                raise
            notes = (f"The data are not available: {error}",)
    # an archive has no files beside it
    moves, faults = read_moves(run.path / "metrics.json"), read_faults(run.path)
    page = make_page(
        subject,
        shown,
        moves,
        faults=faults,
        tell=lambda share, part: tell(SCORED + (1 - SCORED) * share, part),
        preview=preview,
    )
    return replace(page, notes=(*page.notes, *notes))


def _shown(
    run: Run,
    dataset: Dataset,
    subject: Subject,
    num_points: int,
    num_examples: int,
    num_images: int | None,
    unusual: Path | None,
    tell: Callable[[float, str], object],
) -> Shown | None:
    """The training rows, up to the number that fits into a page, with their classes if any."""
    split, of_data, classes = run.check_data(dataset).train, dataset.condition.classes, None
    if of_data is not None:  # even if the model is given parts of the images
        classes = (of_data.categories, split.given)
    tells_rows = (num_images != 0 or unusual is not None) and subject.pixel_classes is None
    shown = gather_rows(
        run.record.condition,
        split.x,
        run.conditions(split),
        lambda x, y: _encode(run, x, y, tell),
        run.record.preprocessing.x_max,
        classes,
        num_points,
        num_examples,
        num_images,
        split.rows if tells_rows else None,
        subject.latent_dim,
        None if unusual is None else read_unusual(unusual, split.rows, split.y),
    )
    if shown is None or shown.rows is None or shown.pictures is None:
        return shown
    try:
        log_prob = _log_prob(run, split, subject, shown.rows, shown.pictures.places, tell)
    except InputError:  # networks of the user's own, which only their graphs are known of
        return shown
    estimator = f"importance sampling, {NUM_SAMPLES} draws of z"
    return replace(shown, log_prob=log_prob, estimator=estimator)


def _log_prob(
    run: Run,
    split: Split,
    subject: Subject,
    rows: np.ndarray,
    with_images: np.ndarray,
    tell: Callable[[float, str], object],
) -> np.ndarray:
    """log p(x | y) of rows, by their numbers; NaN of those that would take too long.

    Args:
        with_images: positions of the rows that come first.
    """
    given, condition = run.conditions(split), run.record.condition
    log_prob = np.full(len(rows), np.nan)
    others = np.setdiff1d(np.arange(len(rows)), with_images)
    affordable = _affordable(subject, MOST_PRODUCTS)
    first = _spread(with_images, affordable)
    more = min(affordable - len(first), _affordable(subject, MOST_OTHERS))
    places, done = np.concatenate([first, _spread(others, more)]), 0
    for part in np.array_split(places, math.ceil(len(places) / BLOCK)):
        found = np.searchsorted(split.rows, rows[part])
        y = condition.encode(given[found])
        log_prob[part] = run.model.log_prob(split.x[found], y, NUM_SAMPLES)
        done += len(part)
        tell(ENCODED + (SCORED - ENCODED) * done / len(places), "log p(x | y)")
    return log_prob


def _spread(places: np.ndarray, most: int) -> np.ndarray:
    """So many of some places, evenly."""
    return places[
        np.unique(np.linspace(0, len(places) - 1, min(len(places), max(0, most))).astype(int))
    ]


def _affordable(subject: Subject, most: int) -> int:
    """The number of rows whose log p(x | y) takes so many products of the decoder, at least one."""
    height, width, _ = subject.image_shape
    # the kernel of a convolution is applied to an image of at most this size
    products = sum(
        subject.tensors[name].size * (height * width if subject.tensors[name].ndim == 4 else 1)
        for name in subject.graphs["decoder"].weights
    )
    return max(1, most // (products * NUM_SAMPLES))


def _encode(
    run: Run, x: np.ndarray, y: np.ndarray, tell: Callable[[float, str], object]
) -> np.ndarray:
    """Posterior means, computed in blocks of rows."""
    pairs = ((x[part], y[part]) for part in slices(len(x)))
    means, done = [], 0
    for mean, _ in run.model.encode_blocks(pairs):
        means.append(mean)
        done += len(mean)
        tell(ENCODED * done / len(x), "encodings")
    return np.concatenate(means)
