"""Figures of numbers: training history, and the bound as draws are added."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from condvae.checks import InputError
from condvae.figures.figure import FONT_SIZE, Figure, distinct_colours, write_caption
from condvae.figures.ranges import curve_limits
from condvae.metrics.log_mean_exp import LogProbEstimate


def history(history: Mapping[str, Sequence[float]], note: str = "") -> Figure:
    """Learning curves: the negative ELBO and its parts, with the best epoch marked.

    Args:
        history: the columns of history.csv by name; losses in nats per example.
        note: note on the data and the estimate, for the caption.

    Raises:
        InputError: no epochs.
    """
    epochs = np.asarray(history["epoch"])
    if not len(epochs):
        raise InputError("history must hold at least one epoch", "none", "Train first.")
    columns = {name: np.asarray(values, dtype=float) for name, values in history.items()}
    best = int(np.argmin(np.nan_to_num(columns["val_loss"], nan=np.inf)))
    reconstruction_kl = ("reconstruction_loss", "kl_loss")
    figure, hidden = Figure(figsize=(9, 3.2), layout="constrained"), False
    for axes, title, parts in zip(
        figure.subplots(1, 3),
        ("reconstruction + KL (−ELBO)", "reconstruction", "KL"),
        (reconstruction_kl, reconstruction_kl[:1], reconstruction_kl[1:]),
        strict=True,
    ):
        curves = np.array([sum(columns[kind + part] for part in parts) for kind in ("", "val_")])
        for curve, name, colour in zip(
            curves, ("training", "validation"), distinct_colours(2), strict=True
        ):
            axes.plot(epochs, curve, marker=".", label=name, color=colour)
        axes.axvline(epochs[best], color="gray", linestyle=":", label="best epoch")
        low, high = curve_limits(curves)
        hidden |= bool(((curves < low) | (curves > high)).any())
        axes.set_title(title, fontsize=FONT_SIZE + 1)
        axes.set(xlabel="epoch", ylim=(low, high))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    figure.axes[0].set_ylabel("nats per example")
    # a fixed place: finding the best one takes Matplotlib a while, with a warning
    figure.axes[0].legend(loc="upper right", fontsize=FONT_SIZE)
    write_caption(
        figure,
        f"Best epoch by validation loss: {epochs[best]:g} of {epochs[-1]:g}, reconstruction "
        f"{columns['val_reconstruction_loss'][best]:.2f} + {columns['beta'].max():g} × KL "
        f"{columns['val_kl_loss'][best]:.2f} nats per example."
        f"{' The first epochs leave the axes.' if hidden else ''} {note}",
    )
    return figure


def bound_curves(
    curves: Mapping[str, Sequence[LogProbEstimate]], negative_elbo: float, caption: str
) -> Figure:
    """-log p(x | y) against the number of draws, with a curve and a band for each estimator.

    Args:
        curves: estimates for increasing numbers of draws, by name of the estimator.
        negative_elbo: the dashed line, nats.
    """
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", xlabel="draws of z for each image, S", ylabel="−log p(x | y), nats")
    colours = distinct_colours(len(curves))
    for (name, estimates), colour in zip(curves.items(), colours, strict=True):
        sizes = [estimate.num_samples for estimate in estimates]
        mean = -np.array([estimate.mean for estimate in estimates])
        error = np.array([estimate.standard_error for estimate in estimates])
        axes.set_xticks(sizes, [f"{size}" for size in sizes])
        axes.plot(sizes, mean, marker=".", label=name, color=colour)
        axes.fill_between(sizes, mean - error, mean + error, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(negative_elbo, color="gray", linestyle="--", label="−ELBO")
    axes.minorticks_off()
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.legend(loc="upper right", fontsize=FONT_SIZE)
    write_caption(figure, caption)
    return figure


def rate_distortion(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Reconstruction against KL, a point for each model, a curve through the means of each beta.

    Args:
        rows: for each model beta, learning_rate, seed, val_kl_loss (the rate) and
            val_reconstruction_loss (the distortion), nats per example, and their comparability.

    Raises:
        InputError: no rows.

    Source: Alemi et al. 2018, Fixing a Broken ELBO.
    """
    if not rows:
        raise InputError("a sweep must have a model with an epoch", "none", "Train first.")
    figure = Figure(figsize=(6.5, 5), layout="constrained")
    axes = figure.subplots()
    rates = sorted({row["learning_rate"] for row in rows})
    for learning_rate, colour in zip(rates, distinct_colours(len(rates)), strict=True):
        of_beta: dict[float, list[tuple[float, float]]] = {}
        for row in rows:
            if row["learning_rate"] == learning_rate:
                point = (row["val_kl_loss"], row["val_reconstruction_loss"])
                of_beta.setdefault(row["beta"], []).append(point)
        betas = sorted(of_beta)
        means = np.array([np.mean(of_beta[beta], axis=0) for beta in betas])
        spreads = np.array([np.std(of_beta[beta], axis=0) for beta in betas])
        points = np.concatenate([of_beta[beta] for beta in betas])
        label = f"learning rate {learning_rate:g}"
        axes.plot(*points.T, marker=".", linestyle="", color=colour, alpha=0.5)
        axes.errorbar(*means.T, *spreads.T[::-1], color=colour, capsize=2, label=label)
        for beta, mean in zip(betas, means, strict=True):
            axes.annotate(
                f"β {beta:g}", mean, (6, 6), textcoords="offset points", fontsize=FONT_SIZE
            )
    axes.set(xlabel="rate: KL, nats", ylabel="distortion: reconstruction, nats")
    axes.ticklabel_format(useOffset=False)
    axes.margins(0.1)
    if len(rates) > 1:
        axes.legend(loc="upper right", fontsize=FONT_SIZE)
    lines = dict.fromkeys(row["comparability"] for row in rows)
    write_caption(
        figure,
        "A point for each model, at the epoch with its best validation loss; curves join the means "
        f"of each beta, bars are standard deviations over seeds. {'; '.join(lines)}.",
    )
    return figure
