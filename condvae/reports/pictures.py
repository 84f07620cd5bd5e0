"""The figures of a report: those of `condvae plot`, and those of what was measured."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from condvae.evaluation.samples import SampleQuality
from condvae.evaluation.style import StyleQuality
from condvae.evaluation.trial import Trial
from condvae.evaluation.whole import Result
from condvae.figures import gallery
from condvae.figures.effects import draw_handwriting
from condvae.figures.figure import Figure
from condvae.figures.grids import grid_figure
from condvae.figures.tiles import wrapped

DPI = 80


def draw_results(trial: Trial, results: Mapping[str, Result]) -> dict[str, bytes]:
    """Figures by their files' names, such as "scatter.png".

    Args:
        results: as `evaluate_whole` returns them; they are drawn, and not measured again.
    """
    model, dataset, history = trial.model, trial.data, trial.run.history
    names = [name for name in gallery.telling(model, dataset, history) if name != "style"]
    figures = gallery.draw(model, dataset, history, names)
    for result in results.values():
        if isinstance(result, StyleQuality):
            figures["style"] = draw_handwriting(result.handwriting, "test images")
        if isinstance(result, SampleQuality):
            figures["closest"] = draw_closest(result)
    for figure in figures.values():
        if isinstance(figure, Figure):
            figure.set_dpi(DPI)
    with tempfile.TemporaryDirectory() as folder:
        paths = gallery.save(figures, Path(folder))
        return {path.name: path.read_bytes() for path in paths}


def draw_closest(result: SampleQuality) -> Figure:
    """The samples that are nearest to a training image, above that image."""
    rows = [str(row) for row in result.closest_rows]
    return grid_figure(
        wrapped(result.closest.swapaxes(0, 1), rows, ("sample", "training"), per_block=8),
        f"The {len(rows)} of {result.num_nearest:,} samples that are nearest to a training image, "
        "each above it; on top where that is in the data.",
    )
