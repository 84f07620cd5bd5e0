"""A model of tables as a page runs it, and its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions import Schema, Table
from condvae.conditions.table_page import table_for_page
from condvae.explorer.card import draw_table_card
from condvae.explorer.marginals import marginals
from condvae.explorer.page import Page, notes_on, render
from condvae.explorer.payload import FORMAT, WORKER_ABOVE, pack
from condvae.explorer.tags import Preview, write_tags
from condvae.explorer.weights import shrink_weights
from condvae.graph.graph import Graph, output_shapes

OUTPUTS = {"decoder": "x_params", "prior": "z"}
# the largest error from weights in few bits: in logits, and in units of about one deviation
COMPARED = {"decoder": ("x_params", 0.02), "prior": ("z", 0.01)}


@dataclass(frozen=True)
class TableSubject:
    """A model of rows to explore.

    Attributes:
        name: title of the page.
        graphs: by name, see `graph.networks.model_graphs`.
        tensors: the weights that they read, by name.
        condition: the columns that are conditions, if any.
        table: the columns.
    """

    name: str
    graphs: Mapping[str, Graph]
    tensors: Mapping[str, np.ndarray]
    condition: Schema
    table: Table
    in_unit_interval: bool = True  # the compared outputs need no pixel range

    def __post_init__(self):
        if "decoder" not in self.graphs:
            raise InputError(
                "a model to explore must have latents",
                f"one of {', '.join(self.graphs) or 'no graphs'}",
                "Train one with `--latent-dim`.",
            )

    @property
    def latent_dim(self) -> int:
        """Size of z."""
        (size,) = next(i.shape for i in self.graphs["decoder"].inputs if i.name == "z")
        return size

    @property
    def components(self) -> int:
        """Number of components of the mixtures that numbers are drawn from."""
        (size,) = output_shapes(self.used_graphs["decoder"], self.tensors)["x_params"]
        count = self.table.dim - self.table.num_states
        return (size - self.table.num_states) // (3 * count) if count else 0

    @property
    def used_graphs(self) -> dict[str, Graph]:
        """The graphs that the page uses, without unused computations."""
        return {
            name: self.graphs[name].only(output)
            for name, output in OUTPUTS.items()
            if name in self.graphs
        }


def make_table_page(
    subject: TableSubject,
    cells: Mapping[str, np.ndarray] | None = None,
    num_rows: int = 0,
    worker_above: float = WORKER_ABOVE,
    preview: Preview | None = None,
    drawn: Mapping[str, np.ndarray] | None = None,
    faults: Sequence[str] = (),
) -> Page:
    """The explorer of a model of tables.

    Args:
        cells: {column: (N,) values} of real rows, whose shares are shown beside those of generated
            ones; None: the page has no data.
        num_rows: number of these rows, from the start, that the page includes and searches for
            neighbours.
        worker_above: milliseconds above which a decode leaves the page's own thread.
        preview: the preview picture of the page; None: it has none.
        drawn: {column: cells} of the rows in the picture.
        faults: the doctor's findings, in sentences.
    """
    weights = shrink_weights(subject, compared=COMPARED)
    header: dict[str, Any] = {
        "format": FORMAT,
        "name": subject.name,
        "latent_dim": subject.latent_dim,
        "latent_groups": (),
        "condition": subject.condition.for_page(),
        "table": {**table_for_page(subject.table), "components": subject.components},
        "graphs": {n: g.model_dump(mode="json") for n, g in subject.used_graphs.items()},
        "worker_above": worker_above,
        "faults": list(faults),
        "num_real": 0 if cells is None else len(next(iter(cells.values()))),
        "real": None if cells is None else marginals(cells),
        "rows": None if cells is None or not num_rows else _first(cells, num_rows),
    }
    notes = notes_on(weights)
    if cells is None:
        notes.append("Without any of the data.")
    else:
        kept = min(num_rows, header["num_real"])
        notes.append(
            f"With how often each value is in {header['num_real']:,} rows of the data, and "
            f"{kept or 'none'} of the rows themselves."
        )
    words = (
        f"Rows of {len(header['table']['order'])} columns by a conditional variational "
        "autoencoder, given any of them. It runs in the page."
    )
    tags = write_tags(subject.name, words, preview)
    card = None
    if preview is not None:
        count = len(header["table"]["order"])
        line = f"{count} columns, any of them given  -  z of {subject.latent_dim}"
        card = preview.name, draw_table_card(subject.name, line, drawn or {"": np.zeros(0)})
    text = render(
        subject.name, pack(header, weights.arrays), tags, kind="table", entry="table_main"
    )
    return Page(text, tuple(notes), card)


def _first(cells: Mapping[str, np.ndarray], count: int) -> dict[str, list]:
    """The first rows as JSON values: None for an empty cell."""
    return {
        name: [None if cell != cell or cell == "" else cell for cell in values[:count].tolist()]
        for name, values in cells.items()
    }
