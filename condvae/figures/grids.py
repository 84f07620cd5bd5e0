"""Grids of images as one figure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from condvae.figures.figure import FONT_SIZE, LETTER, Figure, format_number, write_caption
from condvae.figures.ranges import pixel_range
from condvae.figures.tiles import Block, tile


def grid_figure(
    blocks: Sequence[Block],
    caption: str,
    column_title: str = "",
    row_title: str = "",
    legend: Mapping[str, Any] | None = None,
) -> Figure:
    """Grids of images below each other, one picture each, on a common grey scale.

    The heat of a block has its own scale, with a colour bar.

    Args:
        legend: meaning of the colours, by name.
    """
    low, high = pixel_range(
        np.concatenate([block.cells.reshape(-1, *block.cells.shape[-3:]) for block in blocks])
    )
    if (low, high) != (0, 1):
        caption += f" Black is {format_number(low)}, white is {format_number(high)}."
    columns, height, width = blocks[0].cells.shape[1:4]
    rows = sum(len(block.cells) for block in blocks)
    cell = min(max(8 / columns, 0.3), 0.9)
    longest = max(len(label) for block in blocks for label in block.column_labels)
    # labels wider than a cell are rotated
    turned = longest * LETTER > cell
    label_height = 0.2 + turned * longest * LETTER * 0.7
    figure_width = max(columns * cell + 1, 5)
    caption_height = 0.3 + 0.14 * len(caption) * LETTER / figure_width
    figure = Figure(
        (figure_width, rows * cell * height / width + len(blocks) * label_height + caption_height),
        layout="constrained",
    )
    for axes, block in zip(figure.subplots(len(blocks), squeeze=False)[:, 0], blocks, strict=True):
        _draw_block(axes, block, low, high, turned)
        if block.heat is not None:
            _draw_heat(figure, axes, block.heat)
    figure.axes[0].set_xlabel(column_title, fontsize=FONT_SIZE)
    figure.axes[0].set_ylabel(row_title, fontsize=FONT_SIZE)
    if legend:
        handles = [Patch(color=colour, label=name) for name, colour in legend.items()]
        figure.legend(handles=handles, loc="outside right upper", fontsize=FONT_SIZE)
    write_caption(figure, caption)
    return figure


def _draw_block(axes: Axes, block: Block, low: float, high: float, turned: bool) -> None:
    """One grid as one picture, with labels on the left and at the top."""
    rows, columns, height, width, channels = block.cells.shape
    gap = _gap(width)
    # matplotlib scales grey by vmin and vmax, but does not rescale colours in [0, 1]
    cells = block.cells if channels == 1 else (block.cells - low) / (high - low)
    low, high = (low, high) if channels == 1 else (0, 1)
    axes.imshow(tile(cells, gap, high), cmap="gray", vmin=low, vmax=high)
    axes.set_xticks(
        (width - 1) / 2 + (width + gap) * np.arange(columns),
        block.column_labels,
        rotation=45 if turned else 0,
        ha="left" if turned else "center",
        rotation_mode="anchor" if turned else "default",
    )
    axes.set_yticks(
        (height - 1) / 2 + (height + gap) * np.arange(rows if block.row_labels else 0),
        block.row_labels,
    )
    axes.tick_params(length=0, labelsize=FONT_SIZE, top=True, labeltop=True, labelbottom=False)
    axes.xaxis.set_label_position("top")
    axes.spines[:].set_visible(False)


def _draw_heat(figure: Figure, axes: Axes, heat: np.ndarray) -> None:
    """Colours on the empty cells of a grid, and their colour bar."""
    colours = axes.imshow(
        tile(heat, _gap(heat.shape[3]), np.nan), cmap="inferno", vmin=0, vmax=np.nanmax(heat) or 1
    )
    bar = figure.colorbar(colours, ax=axes, shrink=0.5, aspect=25, pad=0.02)
    bar.ax.tick_params(labelsize=FONT_SIZE)
    bar.outline.set_visible(False)


def _gap(width: int) -> int:
    """Pixels between neighbouring images of this width."""
    return max(1, width // 32)
