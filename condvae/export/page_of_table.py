"""A run on a table as a page whose model draws rows."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.explorer import Page, Preview, TableSubject, make_table_page, read_faults
from condvae.graph.graph import Graph
from condvae.runs import Run

NUM_DRAWN = 9  # number of rows on the card


def explore_table(
    run: Run,
    graphs: Mapping[str, Graph],
    tensors: Mapping[str, np.ndarray],
    dataset: Dataset | None,
    num_counted: int,
    num_rows: int,
    data_dir: Path | None = None,
    preview: Preview | None = None,
) -> Page:
    """Make the page.

    Args:
        dataset: the training data; None: read again, and omitted if they are not found.
        num_counted: largest number of training rows whose values are counted; 0 omits the data.
        num_rows: number of these rows that are included in the page.
        data_dir: folder with the files of a named data set.
        preview: the preview image of the page; None: no image.
    """
    record = run.record
    table, several = record.preprocessing.table, record.condition.by_name
    if table is None or several is None:
        raise ValueError(f"{run.path} is not a run on a table")
    name = run.path.stem if run.is_archive else run.path.resolve().name
    subject = TableSubject(name, graphs, tensors, several, table)
    cells, notes = None, ()
    if num_counted and dataset is None:
        try:
            dataset = run.load_data(data_dir)
        except InputError as error:
            notes = (f"The data are not available: {error}",)
    if num_counted and dataset is not None:
        split = run.check_data(dataset).train
        rows = np.random.default_rng(0).permutation(len(split.x))[:num_counted]
        cells = table.rows(np.asarray(split.x[rows]), several.encode(split.y[rows]), several)
    # rows of a table come as columns
    drawn: Any = None if preview is None else run.model.generate({}, NUM_DRAWN)
    page = make_table_page(
        subject, cells, num_rows, preview=preview, drawn=drawn, faults=read_faults(run.path)
    )
    return replace(page, notes=(*page.notes, *notes))
