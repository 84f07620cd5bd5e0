"""Labels as the weights that a decoder takes, and in words."""

from typing import Any

import numpy as np

from condvae.trained import TrainedModel


def label_weights(model: TrainedModel, y: Any, num_rows: int) -> np.ndarray:
    """Labels as weights, (num_rows, num_classes); one label serves all rows."""
    weights = model.classes.encode(y)
    return np.repeat(weights, num_rows, axis=0) if len(weights) == 1 else weights


def in_words(model: TrainedModel, weights: np.ndarray) -> str:
    """The given label in words: "digit 3", or the mixture."""
    names = model.classes.categories
    parts = [
        names[code] if weights[0, code] == 1 else f"{weights[0, code]:.0%} {names[code]}"
        for code in np.flatnonzero(weights[0])
    ]
    return f"{model.classes.name} {' + '.join(parts)}"
