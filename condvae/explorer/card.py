"""A picture of what a model generates, in the size of link previews."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from condvae.explorer.palette import class_colour
from condvae.explorer.shown import Shown
from condvae.explorer.subject import Subject
from condvae.graph.graph import run_graph

WIDTH, HEIGHT = 1200, 630
MARGIN, TOP, GAP, CAPTION = 48, 138, 6, 30
MOST_COLUMNS, MOST_ROWS = 10, 4
MOST_CELLS, MOST_LINES, LINE = 7, 9, 44  # of a table; pixels from one row to the next
INK, QUIET, PAPER, RIM = "#1d1c1a", "#5d5a54", "#ffffff", "#dad6cc"


def draw_card(subject: Subject, words: str, shown: Shown | None = None, seed: int = 0) -> bytes:
    """A PNG file of 1200 x 630 pixels: the model's name, a line of text, and generated images.

    Each column is a label, or the condition of an example of the data; each row is a draw of z.

    Args:
        words: the line below the name.
        shown: the data, which provide the conditions if labels cannot.
        seed: seed of z.
    """
    from PIL import Image, ImageDraw

    card = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(card)
    _write(pen, subject.name, (MARGIN, 30), 42, INK, WIDTH - 2 * MARGIN)
    _write(pen, words, (MARGIN, 86), 25, QUIET, WIDTH - 2 * MARGIN)
    names, y = _columns(subject, shown)
    if not len(y):
        return _png(card)
    bottom = CAPTION if any(names) else 0
    room = HEIGHT - TOP - MARGIN + GAP - bottom
    height, width, _ = subject.image_shape
    across = (WIDTH - 2 * MARGIN + GAP) / len(y) - GAP
    rows = max(1, min(MOST_ROWS, int(room / (across * height / width + GAP))))
    scale = min(across / width, (room / rows - GAP) / height)
    # whole factors keep pixels sharp; larger images are scaled down
    scale = int(scale) if scale >= 1 else scale
    size = max(1, round(width * scale)), max(1, round(height * scale))
    rows = max(1, min(MOST_ROWS, int(room / (size[1] + GAP))))
    left = (WIDTH - len(y) * (size[0] + GAP) + GAP) // 2
    top = TOP + int(room - rows * (size[1] + GAP)) // 2
    for row, line in enumerate(_images(subject, y, rows, seed)):
        for column, image in enumerate(line):
            how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
            place = left + column * (size[0] + GAP), top + row * (size[1] + GAP)
            card.paste(Image.fromarray(image).resize(size, how), place)
    for column, name in enumerate(names):
        x = left + column * (size[0] + GAP) + size[0] // 2
        _write(pen, name, (x, top + rows * (size[1] + GAP)), 20, INK, size[0] + GAP, "ma")
    return _png(card)


def draw_table_card(name: str, words: str, rows: Mapping[str, np.ndarray]) -> bytes:
    """The same for a model of tables: generated rows.

    Args:
        name: name of the model.
        words: the line below the name.
        rows: {column: (N,) cells}.
    """
    from PIL import Image, ImageDraw

    card = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(card)
    _write(pen, name, (MARGIN, 30), 42, INK, WIDTH - 2 * MARGIN)
    _write(pen, words, (MARGIN, 86), 25, QUIET, WIDTH - 2 * MARGIN)
    shown = list(rows)[:MOST_CELLS]
    across = (WIDTH - 2 * MARGIN) // len(shown)
    for column, title in enumerate(shown):
        x = MARGIN + column * across
        _write(pen, title, (x, TOP + 10), 20, QUIET, across - 16)
        for row, cell in enumerate(rows[title][:MOST_LINES].tolist()):
            text = "" if cell != cell else f"{cell:g}" if isinstance(cell, float) else str(cell)
            _write(pen, text, (x, TOP + 10 + LINE * (row + 1)), 22, INK, across - 16)
    for row in range(1, MOST_LINES + 1):
        y = TOP + LINE * row
        pen.line((MARGIN, y, WIDTH - MARGIN, y), RIM)
    return _png(card)


def _columns(subject: Subject, shown: Shown | None) -> tuple[list[str], np.ndarray]:
    """Names of the columns, and y of each, encoded; none if no conditions are known."""
    condition = subject.condition
    if (leading := condition.leading) is not None:
        names = list(leading.categories[:MOST_COLUMNS])
        by_name = condition.by_name
        return names, condition.encode(names if by_name is None else {leading.name: names})
    y = [] if shown is None else shown.y[:MOST_COLUMNS]
    return [""] * len(y), np.asarray(y, "float32")


def _images(subject: Subject, y: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """(rows, columns, height, width, 3) uint8; the first row is at the centre of the prior."""
    rng = np.random.default_rng(seed)
    graphs, tensors, found = subject.graphs, subject.tensors, []
    prior = graphs.get("prior")
    size = subject.latent_dim
    if prior is not None:
        (size,) = next(given.shape for given in prior.inputs if given.name == "noise")
    for row in range(rows):
        noise = rng.standard_normal((1, size), "float32") * (row > 0)
        z = np.repeat(noise, len(y), axis=0).astype("float32")
        if prior is not None:
            z = run_graph(prior, tensors, {"noise": z, "y": y})["z"]
        found.append(run_graph(graphs["decoder"], tensors, {"z": z, "y": y})["x_mean"])
    x = np.stack(found)
    if subject.condition.of_x:
        # given pixels are not drawn
        x = np.where(y[..., -1:] == 1, y[..., :-1], x)
    if subject.pixel_classes is not None:
        colours = [class_colour(code) for code in range(len(subject.pixel_classes))]
        return np.asarray(colours, "uint8")[x.argmax(axis=-1)]
    if not subject.in_unit_interval:
        x = (x - x.min()) / (np.ptp(x) or 1.0)
    levels = np.rint(255 * x.clip(0, 1)).astype("uint8")
    return np.broadcast_to(levels, (*levels.shape[:-1], 3))


def _write(
    pen: Any,
    text: str,
    place: tuple[int, int],
    size: int,
    ink: str,
    most: float,
    anchor: str = "la",
) -> None:
    """A text on one line, cut off if it is too long."""
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    kept = text
    while len(kept) > 1 and pen.textlength(kept, font=font) > most:
        kept = f"{kept.removesuffix('…')[:-1].rstrip()}…"
    pen.text(place, kept, ink, font=font, anchor=anchor)


def _png(card: Any) -> bytes:
    """The file."""
    file = io.BytesIO()
    card.save(file, "PNG", optimize=True)
    return file.getvalue()
