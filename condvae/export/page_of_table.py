"""A run of a table as a page in which its model draws rows."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.explorer import Page, Preview, TableSubject, make_table_page
from condvae.graph.graph import Graph
from condvae.runs import Run

NUM_DRAWN = 9  # rows on the card


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
    """The page.

    Args:
        dataset: the training data; None: read again, and left out where they are not found.
        num_counted: training rows, at most, whose values are counted; 0 leaves the data out.
        num_rows: of these, so many go into the page themselves.
        data_dir: where the files of a named set lie.
        preview: the picture that stands for the page; None: it has none.
    """
    record = run.record
    table, several = record.preprocessing.table, record.condition.by_name
    if table is None or several is None:
        raise ValueError(f"{run.path} is no run of a table")
    name = run.path.stem if run.is_archive else run.path.resolve().name
    subject = TableSubject(name, graphs, tensors, several, table)
    cells, notes = None, ()
    if num_counted and dataset is None:
        try:
            dataset = run.load_data(data_dir)
        except InputError as error:
            notes = (f"The data are not at hand: {error}",)
    if num_counted and dataset is not None:
        split = run.check_data(dataset).train
        rows = np.random.default_rng(0).permutation(len(split.x))[:num_counted]
        cells = table.rows(np.asarray(split.x[rows]), several.encode(split.y[rows]), several)
    # of a table generate gives columns, whatever its annotation says
    drawn: Any = None if preview is None else run.model.generate({}, NUM_DRAWN)
    page = make_table_page(subject, cells, num_rows, preview=preview, drawn=drawn)
    return replace(page, notes=(*page.notes, *notes))
