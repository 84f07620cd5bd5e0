"""What is given, what is true, and what a model of parts of images predicts."""

from typing import Any

import numpy as np

from condvae.exploration.plots import Figure, grid_figure
from condvae.exploration.tiles import Block, scaled_images
from condvae.trained import TrainedModel


def predictions(
    model: TrainedModel,
    x: Any,
    y: Any,
    num_samples: int = 5,
    images: str = "the given images",
) -> Figure:
    """Each row an image: given, truth, the baseline's guess, samples, their mean and spread.

    Args:
        x: images.
        y: their conditions, as `masks.observe` makes them.
        num_samples: draws of z from the prior.
        images: what the images are, for the caption.

    Source: Sohn, Lee & Yan 2015, figure 2.
    """
    encoded = model.condition.encode(y)
    truth, given = scaled_images(model, x), encoded[..., -1:] == 1

    def filled(predicted: np.ndarray) -> np.ndarray:
        return np.where(given, truth, predicted)

    prediction = model.predict(y, num_samples)
    columns = {"given": filled(np.full_like(truth, 0.5)), "truth": truth}
    if model.keras_model.baseline is not None:
        columns["guess"] = filled(model.guess(y))
    if model.latent_dim:
        columns["z at mean"] = filled(prediction.at_mean)
        for number, sample in enumerate(np.moveaxis(prediction.samples, 1, 0), start=1):
            columns[f"sample {number}"] = filled(sample)
        columns["mean"] = filled(prediction.mean)
        columns["spread"] = np.where(given, 0, 2 * prediction.spread)
    return grid_figure(
        [Block(np.stack(list(columns.values()), axis=1), list(columns))],
        f"Each row is one of {images}: what is given (the rest is mid-grey), the truth, "
        "and expected pixels of what is missing: by the baseline alone (guess), at the prior's "
        "mean of z, at draws of z from the prior; the draws' mean, and twice their standard "
        "deviation (spread).",
    )
