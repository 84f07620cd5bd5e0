"""Figures of a trained model; each function returns a matplotlib Figure, not shown or saved.

Every grid of images is one `decode` and one picture, and the caption of each figure states what is
shown and with which settings. Labels are as TrainedModel takes them; `images` names the given
images in the caption. Latents are counted from 0 in arguments, from 1 (z1, z2) in figures.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.lines import Line2D

from condvae.checks import InputError
from condvae.figures.figure import (
    FONT_SIZE,
    Figure,
    distinct_colours,
    format_number,
    write_caption,
)
from condvae.figures.grids import grid_figure
from condvae.figures.labels import class_names, in_words, label_weights, leading_class, under
from condvae.figures.tiles import Block, rows_of, scaled_images, wrapped
from condvae.figures.walks import axis_traversal, interpolate, plane_grid
from condvae.inference.trained import TrainedModel
from condvae.metrics.latent import by_activity, latent_activity

_MOST_TRAVERSALS = 12
SAMPLES_A_ROW, MOST_SAMPLES = 10, 60
_MOST_LABELS = 10  # labels with a row of samples


def samples(
    model: TrainedModel,
    y: Any = None,
    columns: int = SAMPLES_A_ROW,
    seed: int = 0,
    generate: Callable[..., np.ndarray] | None = None,
    how: str = "z from the prior, expected pixels",
) -> Figure:
    """Images that the model generates.

    Args:
        y: condition of each image; None: rows of the first ten labels, with other conditions
            missing.
        columns: images per row.
        seed: seed of the draws.
        generate: draws an image for each label, given a seed; None: the model, z from its prior.
        how: how these are drawn, for the caption.
    """
    if y is not None:
        images = model.generate(y, seed=seed)
        missing = np.full((-len(images) % columns, *images.shape[1:]), np.nan, dtype="float32")
        cells, labels = rows_of(columns, np.concatenate([images, missing])), ()
        what = "each with the condition of a held-out image"
    else:
        classes = leading_class(model)
        labels = classes.categories[:_MOST_LABELS]
        codes = np.repeat(np.arange(len(labels)), columns)
        if generate is None:
            given, generate = under(model, np.eye(classes.num_classes)[codes]), model.generate
        else:
            given = np.asarray(labels)[codes]
        cells = rows_of(columns, generate(given, seed=seed))
        what = f"a row for each {classes.name}"
        if len(labels) < classes.num_classes:
            what = f"a row for each of the first {len(labels)} of {classes.num_classes} labels"
    return grid_figure(
        [Block(cells, [""] * columns, labels)],
        f"Images that the model generates, {what}: {how} (seed {seed}), none of them chosen.",
    )


def scatter(
    model: TrainedModel, x: Any, y: Any, max_points: int = 60_000, images: str = "the given images"
) -> Figure:
    """Posterior means in the plane of the two most active latents, coloured by label.

    Args:
        x: images; if more than max_points, a random part is drawn, the same each time.
        y: their labels.
    """
    num_images, weights = len(x), label_weights(model, y, len(x))
    if num_images > max_points:
        rows = np.sort(np.random.default_rng(0).permutation(num_images)[:max_points])
        x, weights = np.asarray(x)[rows], weights[rows]
    mean, _ = model.encode(x, weights)
    classes, activity = leading_class(model), latent_activity(mean)
    names, codes = class_names(model, weights)
    colours = distinct_colours(len(names))
    rng = np.random.default_rng(0)
    figure = Figure(figsize=(7, 6.4), layout="constrained")
    axes = figure.subplots()
    shown, plane = "Posterior means", [0, 1]
    if model.latent_dim == 1:
        shown += f" of the only latent, a row for each {classes.name} (height: chance)"
        points = np.stack([mean[:, 0], codes + rng.uniform(-0.35, 0.35, len(mean))])
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="z1", ylabel=classes.name)
    else:
        if model.latent_dim > 2:
            plane = by_activity(activity)[:2]
            first, second = plane
            shown += (
                f" of z{first + 1} and z{second + 1}, the most active of {model.latent_dim} "
                f"latents (variances {activity[first]:.2f} and {activity[second]:.2f})"
            )
        points = mean[:, plane].T
        axes.set(xlabel=f"z{plane[0] + 1}", ylabel=f"z{plane[1] + 1}", aspect="equal")
    # so that no class covers all others
    order = rng.permutation(len(mean))
    axes.scatter(
        *points[:, order],
        c=np.array(colours)[codes[order]],
        # smaller points if there are more of them
        s=float(np.clip(30_000 / len(mean), 4, 25)),
        alpha=0.4 if len(mean) > 10_000 else 0.8,
        linewidths=0,
        # rasterised: 60,000 shapes would make a PDF or SVG huge
        rasterized=True,
    )
    axes.legend(
        handles=[
            Line2D([], [], marker="o", linestyle="", color=colour, label=name)
            for name, colour in zip(names, colours, strict=True)
        ],
        title=classes.name,
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        ncols=math.ceil(len(names) / 25),
        fontsize=FONT_SIZE,
    )
    count = f"{len(mean):,}" if len(mean) == num_images else f"{len(mean):,} of {num_images:,}"
    write_caption(
        figure,
        f"{shown}, coloured by {classes.name}; {images} ({count}). "
        f"Where colours overlap, z holds style and leaves the {classes.name} to y.",
    )
    return figure


def generate(model: TrainedModel) -> Figure:
    """The default image of every label: the expected x at z = 0, with other conditions missing."""
    classes = leading_class(model)
    names, several, note = classes.categories, model.condition.by_name, ""
    others = () if several is None else [name for name in several.names if name != classes.name]
    if others:
        note = f" Not given: {', '.join(others)}."
    given = under(model, np.eye(len(names)))
    cells = model.decode(np.zeros((len(names), model.latent_dim)), given)[None]
    return grid_figure(
        wrapped(cells, names),
        f"The default of each {classes.name}: the expected image at z = 0.{note}",
    )


def manifold(
    model: TrainedModel,
    given: Any,
    side: int = 8,
    extent: float = 1.5,
    axes: Sequence[int] | None = None,
) -> Figure:
    """The images of one label over an even grid of two latents, with the others at 0.

    Args:
        given: the label.
        side: images along each axis.
        extent: largest |z|.
        axes: the latents on the horizontal and vertical axis, or only the first; None: the first
            two latents.
    """
    axes = list(range(min(2, model.latent_dim)) if axes is None else axes)
    z = plane_grid(side, extent, model.latent_dim, axes)
    weights = model.classes.encode(given)
    cells = rows_of(side, model.decode(z, weights))
    values = [format_number(value) for value in z[:side, axes[0]]]
    titles = [f"z{axis + 1}" for axis in axes]
    others = ", other latents 0" if len(axes) < model.latent_dim else ""
    return grid_figure(
        [Block(cells, values, values[::-1] if len(axes) == 2 else ())],
        f"{in_words(model, weights)}: the expected image at {' and '.join(titles)} from "
        f"{format_number(-extent)} to {format_number(extent)}{others}.",
        column_title=titles[0],
        row_title=titles[1] if len(axes) == 2 else "",
    )


def traversal(
    model: TrainedModel, given: Any, mean: Any = None, extent: float = 3, steps: int = 9
) -> Figure:
    """Each latent alone from -extent to extent, with the others at 0: a row for each, at most 12.

    Args:
        given: the label.
        mean: (batch, latent_dim) posterior means, which put the most active latents first.
        extent: largest |z|.
        steps: images per row.
    """
    values = np.linspace(-extent, extent, steps)
    order, names = np.arange(model.latent_dim), [f"z{n + 1}" for n in range(model.latent_dim)]
    note = ""
    if mean is not None:
        activity = latent_activity(mean)
        order = np.array(by_activity(activity))
        names = [f"{name} ({share:.2f})" for name, share in zip(names, activity, strict=True)]
        note = " In brackets: variance of the posterior mean, the most active first."
    order = order[:_MOST_TRAVERSALS]
    # all rows in one decode
    z = np.concatenate([axis_traversal(model.latent_dim, axis, values) for axis in order])
    weights = model.classes.encode(given)
    cells = rows_of(steps, model.decode(z, weights))
    if len(order) < model.latent_dim:
        note = f" {len(order)} of {model.latent_dim} latents.{note}"
    block = Block(
        cells, [format_number(value) for value in values], [names[axis] for axis in order]
    )
    return grid_figure(
        [block],
        f"{in_words(model, weights)}: the expected image along each latent alone, "
        f"the others 0.{note}",
        column_title="value of the latent",
    )


def reconstruct(model: TrainedModel, x: Any, y: Any, images: str = "the given images") -> Figure:
    """Each image above its reconstruction.

    Args:
        x: images.
        y: their labels.
    """
    weights = label_weights(model, y, len(x))
    reconstructions = model.reconstruct(x, weights)
    cells = np.stack([scaled_images(model, x), reconstructions])
    names, codes = class_names(model, weights)
    names = [names[code] for code in codes]
    return grid_figure(
        wrapped(cells, names, ("input", "reconstructed")),
        f"Above: {images}. Below: the expected image at the posterior's mean of z.",
    )


def transfer(
    model: TrainedModel,
    z: Any = None,
    x: Any = None,
    y: Any = None,
    images: str = "the given images",
    styles: str = "given styles",
) -> Figure:
    """Each style under every label: a row for each style, a column for each label.

    Args:
        z: (styles, latent_dim), for the first rows; None: none.
        x: images whose styles follow, shown in the first column; None: none.
        y: their labels.
    """
    names = model.classes.categories
    z = np.zeros((0, model.latent_dim)) if z is None else np.atleast_2d(z)
    row_labels, notes = [f"style {n + 1}" for n in range(len(z))], [styles] if len(z) else []
    # a row whose style is not from an image starts with an empty cell
    originals = np.full((len(z), *model.image_shape), np.nan, dtype="float32")
    if x is not None:
        weights = label_weights(model, y, len(x))
        mean, _ = model.encode(x, weights)
        z = np.concatenate([z, mean])
        originals = np.concatenate([originals, scaled_images(model, x)])
        row_labels += [f"from {names[code]}" for code in weights.argmax(axis=1)]
        notes.append(f"the styles (posterior's means) of {images} in the first column")
    cells = model.decode(np.repeat(z, len(names), axis=0), np.tile(np.eye(len(names)), (len(z), 1)))
    cells, column_labels = rows_of(len(names), cells), list(names)
    if x is not None:
        cells = np.concatenate([originals[:, None], cells], axis=1)
        column_labels = ["image", *names]
    return grid_figure(
        [Block(cells, column_labels, row_labels)],
        f"Each row is one z under every {model.classes.name}, expected images: "
        f"{', then '.join(notes)}.",
    )


def interpolation(
    model: TrainedModel, x: Any, y: Any, steps: int = 10, images: str = "the given images"
) -> Figure:
    """From one image to another, with z and label weights moving on straight lines.

    Args:
        x: an even number of images: rows 0 and 1 are the first pair, and so on; one row per pair.
        y: their labels.
        steps: decoded images from one to the other, including both ends.

    Raises:
        InputError: an odd number of images.
    """
    if len(x) % 2 or not len(x):
        raise InputError("x must hold pairs of images", f"{len(x)} images", "Pass an even number.")
    weights = label_weights(model, y, len(x))
    mean, _ = model.encode(x, weights)
    z, path = (interpolate(ends[::2], ends[1::2], steps) for ends in (mean, weights))
    decoded = model.decode(z.reshape(-1, z.shape[-1]), path.reshape(-1, path.shape[-1]))
    originals = scaled_images(model, x)
    cells = np.concatenate(
        [originals[::2, None], rows_of(steps, decoded), originals[1::2, None]], axis=1
    )
    names = [model.classes.categories[code] for code in weights.argmax(axis=1)]
    shares = [f"{share:.0%}" for share in np.linspace(0, 1, steps)]
    block = Block(
        cells,
        ["image", *shares, "image"],
        [f"{start} to {end}" for start, end in zip(names[::2], names[1::2], strict=True)],
    )
    return grid_figure(
        [block],
        f"Each row goes from one image to another ({images}): the expected image where their "
        f"posterior's means of z and their labels are mixed in the same proportion.",
    )
