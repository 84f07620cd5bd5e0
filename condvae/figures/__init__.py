"""Figures of what a model has learned; no function displays them, and only `save` writes files."""

from condvae.figures.completion import complete
from condvae.figures.frames import save_gif
from condvae.figures.gallery import FIGURES, draw, draw_one, save

__all__ = ["FIGURES", "complete", "draw", "draw_one", "save", "save_gif"]
