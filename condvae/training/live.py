"""RUN/live.html: a page for watching a training, written between epochs, so that no step waits."""

import base64
import io
import logging
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from rich.console import Console

from condvae.checks import reason_of
from condvae.conditions.formats import PLAIN
from condvae.data import Dataset
from condvae.data.enlarged import save_enlarged
from condvae.data.writers import to_uint8
from condvae.files.atomic import write_text
from condvae.inference.trained import TrainedModel
from condvae.models import CVAE
from condvae.runs import Run
from condvae.runs.checkpoint import TrainingState
from condvae.runs.history import COLUMNS
from condvae.training.devices import num_devices
from condvae.training.live_page import read_shown, render_live

log = logging.getLogger(__name__)

LIVE_NAME = "live.html"
MOST_BYTES = 2**26  # largest size of an earlier page that is read again
DRAWS, MOST_LABELS, EXAMPLES = 2, 10, 10
TABLE_ROWS, TABLE_COLUMNS = 4, 8
FRAME = 'width="100%" height="640" style="border:0"'
SIDE = 40  # smallest side of an image on the page, in pixels
MOST_SHOWN = 64  # epochs with images: if there are more, every second, fourth, ...


class LivePage:
    """The page of a training. Errors do not end the training, and are logged once.

    Args:
        run: the run, to whose folder the page is written.
        dataset: the data, split as in training.
        state: state at the start: earlier epochs keep their images, if the page still exists.
    """

    def __init__(self, run: Run, dataset: Dataset, state: TrainingState):
        self._run, self._dataset = run, dataset
        self._path, self._rows = run.path / LIVE_NAME, list(state.rows)
        self._shown = {e: cells for e, cells in self._earlier().items() if e <= state.epoch}
        self._model: TrainedModel | None = None
        self._headings: tuple[str, ...] = ()
        self._examples: dict[str, Any] = {}
        self._notebook: Any = None
        self._is_broken = False
        self._write()

    def end_epoch(self, row: Mapping[str, float], model: CVAE) -> None:
        """Add an epoch.

        On several devices there are no images, which all processes would have to compute.

        Args:
            row: row of history.csv.
            model: model with the weights that were validated.
        """
        self._rows.append({name: float(row[name]) for name in COLUMNS})
        epoch = len(self._rows)
        if num_devices() == 1 and not self._is_broken:
            try:
                self._shown[epoch] = self._cells(model)
            except Exception as error:
                self._give_up(error)
        stride = 1
        while epoch // stride > MOST_SHOWN:
            stride *= 2
        kept = {1, epoch, *range(stride, epoch, stride)}
        self._shown = {e: cells for e, cells in self._shown.items() if e in kept}
        self._write()

    def close(self) -> None:
        """Write the page of a training that has ended, which does not reload itself.

        A notebook stores one line instead of the page, which would make its file large.
        """
        self._write()
        if self._notebook is not None:
            line = f"{self._run.path.name}/{LIVE_NAME} shows the epochs of this training."
            self._notebook.update({"text/plain": line}, raw=True)

    def _earlier(self) -> dict[int, str]:
        """The images of epochs on an earlier page."""
        try:
            if self._path.stat().st_size > MOST_BYTES:
                return {}
            return read_shown(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return {}

    def _write(self) -> None:
        """Write the file, completely or not at all."""
        run = self._run
        epochs, status = run.spec.training.epochs, run.record.status
        content = run.path.name, status, epochs, self._rows, self._shown, self._headings
        try:
            write_text(self._path, render_live(*content))
        except OSError as error:
            self._give_up(error)
        if Console().is_jupyter:
            self._show(render_live(*content, reloads=False))

    def _show(self, text: str) -> None:
        """Display the page in the notebook's cell, in a frame."""
        from IPython.display import display

        frame = f'<iframe srcdoc="{escape(text)}" title="training" sandbox="" {FRAME}></iframe>'
        content = {"text/html": frame, "text/plain": LIVE_NAME}
        if self._notebook is None:
            self._notebook = display(content, raw=True, display_id=True)
        else:
            self._notebook.update(content, raw=True)

    def _give_up(self, error: Exception) -> None:
        """Log that the page is no longer updated."""
        if not self._is_broken:
            log.warning("%s is no longer updated: %s", self._path, reason_of(error))
        self._is_broken = True

    def _cells(self, network: CVAE) -> str:
        """The images of an epoch, from the same noise in each epoch."""
        if self._model is None:  # cached, since each new one would compile its programs again
            record = self._run.record
            table = record.preprocessing.table
            self._model = TrainedModel(network, record.condition, table)
            self._headings = self._prepare(self._model)
        if self._model.table is not None:
            return self._rows_cell(self._model)
        return self._image_cells(self._model)

    def _prepare(self, model: TrainedModel) -> tuple[str, ...]:
        """The headings, after choosing the images to reconstruct."""
        if model.table is not None:
            return ("generated rows",)
        if model.image_shape[-1] not in (1, 3) and not self._has_classes(model):
            return ()
        from condvae.figures.gallery import held_out_examples
        from condvae.figures.tiles import scaled_images

        self._examples = held_out_examples(model, self._dataset, EXAMPLES)
        x = self._picture(model, scaled_images(model, self._examples["x"]), "held-out images")
        classes = model.condition.leading
        of = "given images" if classes is None else f"every {classes.name}"
        samples = f"samples of fixed z under {escape(of)}"
        return (
            (samples, f"reconstructions of {x}") if model.latent_dim else (f"predictions of {x}",)
        )

    def _has_classes(self, model: TrainedModel) -> bool:
        """Whether pixels are classes."""
        return model.keras_model.likelihood.of_classes

    def _image_cells(self, model: TrainedModel) -> str:
        """Samples and reconstructions, in two cells."""
        if not self._examples:
            return ""
        x, y = self._examples["x"], self._examples["y"]
        if not model.latent_dim:
            return f"<td>{self._picture(model, model.guess(y), 'predictions')}</td>"
        classes = model.condition.leading
        if classes is None:
            samples = model.generate(y, seed=0)
        else:
            # each style under every label: the same noise for all labels
            labels = classes.categories[:MOST_LABELS]
            rows = [
                model.generate({classes.name: np.repeat(label, DRAWS)}, seed=0) for label in labels
            ]
            samples = np.stack(rows, axis=1).reshape(-1, *model.image_shape)
        pictures = {"samples": samples, "reconstructions": model.reconstruct(x, y)}
        return "".join(
            f"<td>{self._picture(model, images, name)}</td>" for name, images in pictures.items()
        )

    def _picture(self, model: TrainedModel, images: np.ndarray, name: str) -> str:
        """Images as one element, in two rows."""
        from condvae.figures.figure import class_colours
        from condvae.figures.ranges import pixel_range
        from condvae.figures.tiles import rows_of, tile

        if self._has_classes(model):
            images = class_colours(images)
        low, high = pixel_range(images)
        images = (images - low) / (high - low)
        missing = np.full((-len(images) % DRAWS, *images.shape[1:]), np.nan, "float32")
        cells = rows_of(-(-len(images) // DRAWS), np.concatenate([images, missing]))
        page, file = np.atleast_3d(to_uint8(tile(cells, 1, 0.5))), io.BytesIO()
        save_enlarged(page, file, 1)
        factor = max(1, -(-SIDE // min(images.shape[1:3])))
        height, width = (factor * side for side in page.shape[:2])
        data = base64.b64encode(file.getvalue()).decode("ascii")
        return (
            f'<img alt="{name}" width="{width}" height="{height}" '
            f'src="data:image/png;base64,{data}">'
        )

    def _rows_cell(self, model: TrainedModel) -> str:
        """A few generated rows of a table, as one cell."""
        table = model.table
        if table is None:
            raise TypeError("a model of a table has one")
        drawn = model.generate({}, TABLE_ROWS, seed=0)
        names = [name for name in table.order if name in drawn][:TABLE_COLUMNS]
        columns = []
        for name in names:
            values = np.asarray(drawn[name])
            is_number = values.dtype.kind in "iuf"
            of = table.formats.get(name, PLAIN)
            columns.append(of.cells(values.astype(float)) if is_number else values.tolist())
        head = "".join(f"<th>{_flat(name)}</th>" for name in names)
        lines = "".join(
            f"<tr>{''.join(f'<td>{_flat(cell)}</td>' for cell in cells)}</tr>"
            for cells in zip(*columns, strict=True)
        )
        return f"<td><table><tr>{head}</tr>{lines}</table></td>"


def _flat(text: Any) -> str:
    """A text as a single line of HTML."""
    return " ".join(escape(str(text)).splitlines())
