"""The given image, the truth, and the predictions of a model conditioned on images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.figures.figure import Figure, class_colours, distinct_colours
from condvae.figures.grids import grid_figure
from condvae.figures.tiles import Block, scaled_images
from condvae.inference.trained import TrainedModel


def predictions(
    model: TrainedModel,
    x: Any,
    y: Any,
    num_samples: int = 5,
    num_draws: int = 100,
    images: str = "the given images",
    pixel_classes: Sequence[str] | None = None,
) -> Figure:
    """One image per row: given, truth, the baseline's guess, samples, their mean and spread.

    Args:
        x: images, or label maps.
        y: their conditions: images, or parts of x as returned by `masks.observe`.
        num_samples: number of draws of z from the prior to show.
        num_draws: number of draws whose mean and spread are shown, including those.
        images: what the images are, for the caption.
        pixel_classes: names of the classes of label maps, for the legend.

    Raises:
        InputError: the condition is a class.

    Source: Sohn, Lee & Yan 2015, figure 2.
    """
    if model.condition.classes is not None:
        raise InputError(
            "predictions need a run conditioned on images or parts of them (--task)",
            "a run on classes",
            "Draw the figure reconstruct instead.",
        )
    truth, encoded = scaled_images(model, x), model.condition.encode(y)
    of_parts = model.condition.of_x
    given = encoded[..., -1:] == 1 if of_parts else np.zeros((*truth.shape[:-1], 1), bool)
    columns, shown, heat = {"truth": truth}, [], None
    if model.keras_model.baseline is not None:
        columns["guess"] = model.guess(y)
        shown.append("by the baseline alone (guess)")
    if model.latent_dim:
        num_draws = max(num_samples, num_draws)
        prediction = model.predict(y, num_draws)
        columns["z at mean"] = prediction.at_mean
        for number in range(num_samples):
            columns[f"sample {number + 1}"] = prediction.samples[:, number]
        columns["mean"] = prediction.mean
        variance = (prediction.spread**2).mean(axis=-1, keepdims=True)  # over the channels
        heat = np.full((len(truth), len(columns) + 2, *given.shape[1:]), np.nan, dtype="float32")
        # only the last column has colours, and given pixels have no spread
        heat[:, -1] = np.where(given, np.nan, np.sqrt(variance))
        channels = "over the channels, the root mean square"
        shown.append(
            f"at the prior's mean of z, at draws of z from the prior; the mean of {num_draws} "
            "draws, and their standard deviation (spread"
            f"{f'; {channels}' if truth.shape[-1] > 1 else ''}), in the colours of the bar"
            f"{', empty where pixels are given' if of_parts else ''}"
        )
    legend = None
    if model.keras_model.likelihood.of_classes:
        legend = dict(zip(pixel_classes or (), distinct_colours(truth.shape[-1]), strict=False))
        columns = {name: class_colours(column) for name, column in columns.items()}
    # given pixels are shown unchanged: they are not predicted
    columns = {name: np.where(given, columns["truth"], column) for name, column in columns.items()}
    if heat is not None:
        columns["spread"] = np.full_like(columns["truth"], np.nan)
    if of_parts:
        first = np.where(given, columns["truth"], 0.5)
        what = "the given part (the rest is mid-grey), the truth, and expected pixels of the rest"
    else:
        first = _resized(encoded, truth.shape[1:3])
        expected = "expected pixels" if legend is None else "probabilities of the classes"
        what = f"the given image, the truth, and {expected}"
    cells = _with_equal_channels([first, *columns.values()])
    return grid_figure(
        [Block(np.stack(cells, axis=1), ["given", *columns], heat=heat)],
        f"Each row is an image ({images}): {what}: {', '.join(shown)}.",
        legend=legend,
    )


def _resized(images: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Images in [0, 1] scaled to another size, nearest neighbour; grey or RGB."""
    rows, columns = (
        np.arange(new) * old // new for new, old in zip(size, images.shape[1:3], strict=True)
    )
    channels = 3 if images.shape[-1] == 3 else 1
    return np.clip(images[:, rows][:, :, columns, :channels], 0, 1)


def _with_equal_channels(images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The images with equal numbers of channels: grey becomes RGB if others are RGB."""
    most = max(image.shape[-1] for image in images)
    return [np.broadcast_to(image, (*image.shape[:-1], most)) for image in images]
