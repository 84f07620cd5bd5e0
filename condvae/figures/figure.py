"""The figure class of all drawings: display in Jupyter, captions, colours."""

import io
import textwrap
from typing import Any

import numpy as np
from matplotlib.figure import Figure as PlainFigure
from PIL import Image

from condvae.explorer.palette import class_colour
from condvae.figures.fonts import fitting_fonts

FONT_SIZE = 8  # points
TITLE_SIZE = 11
TITLE_HEIGHT = 0.3  # inches
LETTER = 0.068  # mean width of a letter at that size, inches


class Figure(PlainFigure):
    """A matplotlib Figure that Jupyter displays although pyplot does not know it.

    Its text may be in any script for which a font is installed.
    """

    def draw(self, renderer: Any) -> None:
        """Draw the figure on the screen or to a file."""
        with fitting_fonts(self):
            super().draw(renderer)

    def _repr_png_(self) -> bytes:
        """The PNG that Jupyter displays."""
        content = io.BytesIO()
        self.savefig(content, format="png", dpi=self.dpi, bbox_inches="tight")
        return content.getvalue()


def as_picture(figure: PlainFigure, dpi: int = 110) -> np.ndarray:
    """The figure as (height, width, 3) uint8."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=dpi, bbox_inches="tight")
    return np.asarray(Image.open(content).convert("RGB"))


def write_caption(figure: PlainFigure, text: str) -> None:
    """The caption at the bottom, wrapped to the figure's width."""
    letters = int(figure.get_figwidth() / LETTER)
    figure.supxlabel(textwrap.fill(text.strip(), letters), fontsize=FONT_SIZE)


def write_title(figure: PlainFigure, text: str) -> None:
    """The title at the top, for which the figure becomes taller."""
    figure.set_figheight(figure.get_figheight() + TITLE_HEIGHT)
    figure.suptitle(text, fontsize=TITLE_SIZE, fontweight="bold")


def add_to_caption(figure: PlainFigure, note: str) -> None:
    """Append a sentence to a figure's caption."""
    text = figure.get_supxlabel().replace("\n", " ")
    write_caption(figure, f"{text} {note}")


def take_caption(figure: PlainFigure) -> str:
    """Remove a figure's caption and return it as one line."""
    text = figure.get_supxlabel().replace("\n", " ")
    figure.supxlabel("")
    return text


def format_number(value: float) -> str:
    """A value of z as a tick label."""
    return f"{value:.2f}".replace("-", "−")


def distinct_colours(num: int) -> list[tuple[float, float, float]]:
    """Red, green and blue of classes, as in the explorer; ten are distinguishable for everyone."""
    return [(r / 255, g / 255, b / 255) for r, g, b in map(class_colour, range(num))]


def class_colours(probabilities: np.ndarray) -> np.ndarray:
    """Each class in its colour; a mixture of classes has the mixture of their colours.

    Args:
        probabilities: (..., number of classes).

    Returns:
        (..., 3) float32 in [0, 1].
    """
    palette = np.array(distinct_colours(probabilities.shape[-1]), dtype="float32")
    return np.clip(probabilities @ palette, 0, 1)
