"""Labels as the weights that a decoder takes, and as text."""

from typing import Any

import numpy as np

from condvae.conditions import Categorical
from condvae.inference.trained import TrainedModel


def label_weights(model: TrainedModel, y: Any, num_rows: int) -> np.ndarray:
    """Labels as weights, (num_rows, num_classes), or encoded conditions; one label serves all."""
    several = model.condition.by_name is not None
    weights = model.encode_condition(y) if several else model.classes.encode(y)
    return np.repeat(weights, num_rows, axis=0) if len(weights) == 1 else weights


def leading_class(model: TrainedModel) -> Categorical:
    """The condition, or the first of several, that is a class.

    Raises:
        InputError: none is a class.
    """
    return model.condition.leading or model.classes


def under(model: TrainedModel, weights: np.ndarray) -> np.ndarray:
    """y with these weights of the leading class, (batch, num_classes), other conditions missing."""
    several = model.condition.by_name
    return weights if several is None else several.encode({leading_class(model).name: weights})


def class_names(model: TrainedModel, weights: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """The leading class's names, and the position of each row's name.

    Args:
        weights: (batch, num_classes) of a class, or several encoded conditions, where the class
            may be missing; if there is no class, all rows have the name "".

    Returns:
        Names, and (batch,) positions.
    """
    names, codes = model.condition.named_codes(weights)
    known = 1 if model.condition.leading is None else model.condition.leading.num_classes
    return names[: max(known, codes.max(initial=0) + 1)], codes


def in_words(model: TrainedModel, weights: np.ndarray) -> str:
    """The given label as text: "digit 3", or the mixture."""
    names = model.classes.categories
    parts = [
        names[code] if weights[0, code] == 1 else f"{weights[0, code]:.0%} {names[code]}"
        for code in np.flatnonzero(weights[0])
    ]
    return f"{model.classes.name} {' + '.join(parts)}"
