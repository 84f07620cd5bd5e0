"""The figures of a report: those of `condvae plot`, and those of the measures."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from condvae.evaluation.samples import SampleQuality
from condvae.evaluation.style import StyleQuality
from condvae.evaluation.trial import Trial
from condvae.evaluation.whole import Result
from condvae.figures import gallery
from condvae.figures.effects import draw_handwriting
from condvae.figures.figure import Figure, take_caption
from condvae.figures.grids import grid_figure
from condvae.figures.tiles import wrapped

DPI = 140


@dataclass(frozen=True)
class Picture:
    """A figure as a file, with its texts.

    Attributes:
        name: name of the figure in `condvae plot`.
        kind: kind of the labels, such as "digit".
        label: label of the figure; "" if it has none.
        caption: what the figure shows, in sentences.
        suffix: suffix of the file, "png" or "gif".
        content: content of the file.
    """

    name: str
    kind: str
    label: str
    caption: str
    suffix: str
    content: bytes


def draw_results(trial: Trial, results: Mapping[str, Result]) -> list[Picture]:
    """The figures without titles and captions, which the page shows as text.

    Args:
        results: from `evaluate_whole`; they are drawn, not measured again.
    """
    model, dataset, history = trial.model, trial.data, trial.run.history
    names = [name for name in gallery.telling(model, dataset, history) if name != "style"]
    figures = gallery.draw(model, dataset, history, names, titles=False, **trial.of_samples)
    for result in results.values():
        if isinstance(result, StyleQuality):
            figures["style"] = draw_handwriting(result.handwriting, "test images")
        if isinstance(result, SampleQuality):
            figures["closest"] = draw_closest(result)
    captions: dict[str, str] = {}
    for stem, figure in figures.items():
        if isinstance(figure, Figure):
            figure.set_dpi(DPI)
            captions[stem] = take_caption(figure)
    words = gallery.titles_of(figures, model)
    with tempfile.TemporaryDirectory() as folder:
        paths = gallery.save(figures, Path(folder))
        return [
            Picture(
                *words[path.stem], captions.get(path.stem, ""), path.suffix[1:], path.read_bytes()
            )
            for path in paths
        ]


def draw_closest(result: SampleQuality) -> Figure:
    """The samples nearest to a training image, above that image."""
    rows = [str(row) for row in result.closest_rows]
    return grid_figure(
        wrapped(result.closest.swapaxes(0, 1), rows, ("sample", "training"), per_block=8),
        f"The {len(rows)} of {result.num_nearest:,} samples that are nearest to a training image, "
        "each above it; the number on top is that image's row in the data.",
    )
