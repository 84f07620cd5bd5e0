"""The files that publish a run: the archive and its card, and the page of a Space."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import condvae
from condvae.data import Dataset
from condvae.explorer import NUM_POINTS
from condvae.export.page import explore
from condvae.reports.card import model_card
from condvae.reports.metrics_file import METRICS_NAME, Metrics, read_metrics
from condvae.runs import Run
from condvae.runs.hub import ARCHIVE_NAME, Address
from condvae.runs.record import DataRecord
from condvae.runs.shared import shared_run, without_folder

CARD_NAME = "README.md"
PAGE_NAME = "index.html"


def write_model(run: Run, folder: Path, address: Address, license: str | None = None) -> None:
    """Write the archive and the card.

    Args:
        license: licence as the hub names it, such as "apache-2.0"; None: the card names none.

    Raises:
        InputError: as for `Run.export`.
    """
    shared, data = shared_run(run), run.record.data
    shared.export(folder / ARCHIVE_NAME)
    metrics = None if run.is_archive else read_metrics(run.path / METRICS_NAME)
    if metrics is None:
        metrics = Metrics(condvae=condvae.__version__, run="", test_readings=0, measures={})
    metrics = metrics.model_copy(update={"run": address.short_name})
    measures = {title: _figures(figures, data) for title, figures in metrics.measures.items()}
    words = {title: _in_lines(figures) for title, figures in measures.items()}
    card = model_card(shared, metrics, words, str(address))
    front = _front_matter(shared, address, measures, license)
    (folder / CARD_NAME).write_text(front + card, encoding="utf-8")


def write_space(
    run: Run,
    folder: Path,
    address: Address,
    license: str | None = None,
    dataset: Dataset | None = None,
) -> str:
    """Write a static Space: the run as a page, and the Space's card.

    Args:
        license: as for `write_model`.
        dataset: the training data; the page then holds their encodings and some of the images.

    Returns:
        Notes on what is in the page, and what is not.

    Raises:
        InputError: as for `explore`.
    """
    page = explore(
        # encodings and a few images, as documented for the address: no row numbers
        shared_run(run),
        dataset,
        NUM_POINTS if dataset is not None else 0,
        num_images=0,
    )
    page.write(folder / PAGE_NAME)
    front = {"title": address.short_name, "sdk": "static", "models": [address.name]}
    if license is not None:
        front["license"] = license
    words = (
        f"The model [{address.name}]({address.url()}) as a page in which it runs: nothing that is "
        "drawn or chosen in it leaves the browser.\n"
    )
    (folder / CARD_NAME).write_text(_yaml(front) + words, encoding="utf-8")
    return " ".join(page.notes)


def _figures(figures: Mapping[str, Any], data: DataRecord) -> dict[str, Any]:
    """The numbers of a measure except those of rows, and its comparability line."""
    found: dict[str, Any] = {
        name: value
        for name, value in figures.items()
        if isinstance(value, int | float) and not name.endswith("_row")
    }
    lines = {name: line for name, line in figures.items() if name.endswith("comparability")}
    return found | {name: without_folder(line, data) for name, line in lines.items()}


def _in_lines(figures: Mapping[str, Any]) -> str:
    """The figures, one per line."""
    return "\n".join(
        f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()
    )


def _front_matter(
    run: Run, address: Address, measures: Mapping[str, Any], license: str | None
) -> str:
    """The metadata that the hub reads from a card: https://huggingface.co/docs/hub/model-cards."""
    of_table = run.record.preprocessing.table is not None
    front: dict[str, Any] = {
        "library_name": "condvae",
        "tags": ["condvae", "cvae", "conditional-variational-autoencoder", "keras"],
    }
    if of_table:
        front["tags"].append("tabular")
    else:
        kind = (
            "image-to-image" if run.record.condition.is_image else "unconditional-image-generation"
        )
        front["pipeline_tag"] = kind
    if license is not None:
        front["license"] = license
    bound = {
        name: value
        for name, value in measures.get("Bound", {}).items()
        if name.endswith(("elbo", "loss"))
    }
    if bound:
        data = run.record.data.name or "arrays"
        result = {
            "task": {"type": front.get("pipeline_tag", "other")},
            "dataset": {"type": data, "name": data, "split": "test"},
            "metrics": [{"type": name, "value": value} for name, value in bound.items()],
        }
        front["model-index"] = [{"name": address.short_name, "results": [result]}]
    return _yaml(front)


def _yaml(front: Mapping[str, Any]) -> str:
    """Front matter, with values as JSON, which is also YAML, whatever the names."""
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items()]
    return "\n".join(["---", *lines, "---", "", ""])
