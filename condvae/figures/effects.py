"""What each axis of z does to handwriting, in one figure: effects, interactions, transfer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from condvae.figures.figure import FONT_SIZE, Figure, distinct_colours, write_caption
from condvae.inference.handwriting import (
    ATTRIBUTES,
    POSITIONS,
    Handwriting,
    measure_handwriting,
)
from condvae.inference.trained import TrainedModel

_MOST_NAMED = 12  # labels listed in a legend


def style(model: TrainedModel, x: Any, y: Any, images: str = "the given images") -> Figure:
    """Effect of each latent on thickness, slant, length, width and height.

    Args:
        x: real images.
        y: their labels.
        images: what the images are, for the caption.

    Raises:
        InputError: as for `measure_handwriting`.
    """
    return draw_handwriting(measure_handwriting(model, x, y), images)


def draw_handwriting(found: Handwriting, images: str = "the given images") -> Figure:
    """A column for each attribute: effects, interactions, and how well it is kept."""
    num_axes = len(found.axes)
    tall = max(1.7, 0.6 + 0.28 * num_axes)
    figure = Figure((13, 2 * tall + 3.6), layout="constrained")
    rows = figure.subplots(3, len(ATTRIBUTES), height_ratios=(tall, tall, 2.2))
    names, colours = [f"z{axis + 1}" for axis in found.axes], distinct_colours(len(found.labels))
    relative = found.effects.label_slopes / found.spread
    # one scale for all attributes, so that columns are comparable
    extent = 1.1 * (np.nanmax(abs(relative), initial=0) or 1)
    shifts = found.interactions / found.spread
    strongest = np.nanmax(abs(shifts), initial=0) or 1
    for column, ((name, unit), kept) in enumerate(
        zip(ATTRIBUTES.items(), found.kept.values(), strict=True)
    ):
        effects, interactions, transferred = rows[:, column]
        effects.set_title(name, fontsize=FONT_SIZE + 1)
        _draw_effects(effects, relative[:, :, column], colours, extent)
        slopes = zip(names, found.effects.slope[:, column], strict=True)
        _label_rows(effects, [f"{axis}  {slope:+.2f} {unit}" for axis, slope in slopes])
        shown = interactions.imshow(
            shifts[:, :, column], cmap="RdBu", vmin=-strongest, vmax=strongest, aspect="auto"
        )
        # cells that could not be measured are empty
        interactions.set_facecolor("lightgray")
        interactions.set_xticks(range(num_axes), names)
        _label_rows(interactions, names)
        _draw_transfer(transferred, found.before[:, column], found.after[:, column])
        transferred.set_title(f"r = {kept:.2f}", fontsize=FONT_SIZE)
        transferred.set_xlabel(f"real, {unit}", fontsize=FONT_SIZE)
    rows[0, 0].set_ylabel("effect of a latent", fontsize=FONT_SIZE)
    rows[1, 0].set_ylabel("what another one adds to it", fontsize=FONT_SIZE)
    rows[2, 0].set_ylabel("under another label", fontsize=FONT_SIZE)
    bar = figure.colorbar(shown, ax=rows[1, -1], pad=0.02)
    for axes in [*rows.flat, bar.ax]:
        axes.tick_params(labelsize=FONT_SIZE - 1)
    if len(found.labels) <= _MOST_NAMED:
        figure.legend(
            handles=[
                Line2D([], [], marker="o", linestyle="", color=colour, label=label)
                for label, colour in zip(found.labels, colours, strict=True)
            ],
            loc="outside right upper",
            fontsize=FONT_SIZE,
        )
    write_caption(figure, _describe(found, images))
    return figure


def _draw_effects(
    axes: Axes, relative: np.ndarray, colours: Sequence[tuple[float, float, float]], extent: float
) -> None:
    """(num_labels, num_axes) slopes as dots, a row for each axis, their mean as a bar."""
    num_labels, num_axes = relative.shape
    height = np.linspace(-0.25, 0.25, num_labels)  # so that labels that agree are all visible
    for label, colour in enumerate(colours):
        axes.scatter(relative[label], np.arange(num_axes) + height[label], s=9, color=colour)
    mean = relative.mean(axis=0)
    axes.barh(range(num_axes), mean, height=0.8, color="gray", alpha=0.3)
    axes.axvline(0, color="gray", linewidth=0.8)
    axes.set(xlim=(-extent, extent), ylim=(num_axes - 0.5, -0.5))
    axes.set_xlabel("standard deviations of images", fontsize=FONT_SIZE)


def _draw_transfer(axes: Axes, before: np.ndarray, after: np.ndarray) -> None:
    """Each image as a dot, with the line of attributes that are kept exactly."""
    axes.scatter(before, after, s=4, alpha=0.5, linewidths=0, color=distinct_colours(1))
    axes.axline((0, 0), slope=1, color="gray", linestyle=":", linewidth=0.8)


def _label_rows(axes: Axes, names: Sequence[str]) -> None:
    """Names of the latents, on the left."""
    axes.set_yticks(range(len(names)), [name.replace("-", "−") for name in names])


def _describe(found: Handwriting, images: str) -> str:
    """The caption."""
    walks = f"from {POSITIONS[0]:g} to {POSITIONS[-1]:g}".replace("-", "−")
    return (
        f"What the {len(found.axes)} most active latents do to handwriting (Morpho-MNIST measures, "
        "Castro et al. 2019). Above: the effect of one standard deviation of a latent under the "
        "prior, in standard deviations of real images; a dot for each label, a bar for their mean, "
        "which the tick gives in the attribute's unit. Dots on one side of 0: the latent acts the "
        "same under every label. Middle: how much the effect of a latent (row) grows with a "
        "deviation of another one (column). Below: real images and the same z under another label, "
        f"each less its label's mean. Walks {walks} deviations, from points of the prior: "
        f"{found.num_decoded:,} expected images; {images} ({len(found.before):,})."
    )
