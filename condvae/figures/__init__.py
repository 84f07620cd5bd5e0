"""Pictures of what a model has learned; nothing here shows or, but for `save`, writes."""

from condvae.figures.completion import complete
from condvae.figures.frames import label_frames, save_gif
from condvae.figures.gallery import FIGURES, draw, draw_one, save
from condvae.figures.walks import axis_traversal, interpolate, label_walk, plane_grid

__all__ = [
    "FIGURES",
    "axis_traversal",
    "complete",
    "draw",
    "draw_one",
    "interpolate",
    "label_frames",
    "label_walk",
    "plane_grid",
    "save",
    "save_gif",
]
