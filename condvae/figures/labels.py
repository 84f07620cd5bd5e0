"""Labels as the weights that a decoder takes, and in words."""

from typing import Any

import numpy as np

from condvae.conditions import Categorical, Schema
from condvae.inference.trained import TrainedModel


def label_weights(model: TrainedModel, y: Any, num_rows: int) -> np.ndarray:
    """Labels as weights, (num_rows, num_classes), several conditions encoded; one serves all."""
    several = isinstance(model.condition, Schema)
    weights = model.encode_condition(y) if several else model.classes.encode(y)
    return np.repeat(weights, num_rows, axis=0) if len(weights) == 1 else weights


def leading_class(model: TrainedModel) -> Categorical:
    """The condition, or the first of several, that is a class.

    Raises:
        InputError: none is.
    """
    several = model.condition.conditions if isinstance(model.condition, Schema) else ()
    return next((c for c in several if isinstance(c, Categorical)), None) or model.classes


def class_names(model: TrainedModel, weights: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """The leading class's names, and where each row's is among them.

    Args:
        weights: (batch, num_classes) of a class, or several conditions encoded, where the class
            may be missing; without a class among them all rows have the name "".

    Returns:
        Names, and (batch,) places.
    """
    if not isinstance(model.condition, Schema):
        return model.classes.categories, weights.argmax(axis=1)
    for condition, block in model.condition.blocks:
        if isinstance(condition, Categorical):
            is_given = weights[:, block.stop] == 1
            codes = np.where(is_given, weights[:, block].argmax(axis=1), condition.dim)
            missing = () if is_given.all() else ("missing",)
            return (*condition.categories, *missing), codes
    return ("",), np.zeros(len(weights), dtype=int)


def in_words(model: TrainedModel, weights: np.ndarray) -> str:
    """The given label in words: "digit 3", or the mixture."""
    names = model.classes.categories
    parts = [
        names[code] if weights[0, code] == 1 else f"{weights[0, code]:.0%} {names[code]}"
        for code in np.flatnonzero(weights[0])
    ]
    return f"{model.classes.name} {' + '.join(parts)}"
