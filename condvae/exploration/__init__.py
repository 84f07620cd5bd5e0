"""Pictures of what a model has learned; nothing here shows or, but for `save`, writes."""

from condvae.exploration.completion import complete
from condvae.exploration.frames import label_frames, save_gif
from condvae.exploration.gallery import FIGURES, draw, draw_one, save
from condvae.exploration.walks import axis_traversal, interpolate, label_walk, plane_grid

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
