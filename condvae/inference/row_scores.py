"""Densities of rows with the same noise for all rows."""

from typing import Any

import numpy as np

from condvae.blocks import SAMPLES
from condvae.inference.chance import Chance
from condvae.inference.trained import TrainedModel


def row_scores(model: TrainedModel, x: Any, y: Any, num_samples: int, seed: int = 0) -> np.ndarray:
    """log p(x | y) of each row, as a function of the row alone, whatever rows are beside it.

    This is `TrainedModel.log_prob` with the same noise for all rows, except for the binarisation of
    pixels.

    Args:
        model: a model with latents.
        x: images, or {column: (batch,) values}.
        y: their conditions.
        num_samples: number of draws of z ~ q(z | x, y) for each row.
        seed: seed of the draws.

    Returns:
        (batch,) float64 nats.
    """
    model._arguments.check_latents()
    x, y = model._arguments.pair(x, y)
    chance, parts = Chance(seed), []
    for first in range(0, num_samples, SAMPLES):
        noise = chance.latents(min(SAMPLES, num_samples - first), model.latent_dim)
        noise = np.broadcast_to(noise, (len(x), *noise.shape))
        inputs = {"x": x, "y": y, "noise": noise}
        outputs = model._compute.ask("importance_log_weights", inputs, seed)
        parts.append(outputs["log_weights"].astype("float64"))
    log_weights = np.concatenate(parts, axis=1)
    return np.logaddexp.reduce(log_weights, axis=1) - np.log(num_samples)
