"""Optimizers of the user's own: any of Keras's, in the record by their configuration."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import keras

from condvae.checks import InputError
from condvae.models.configuration import as_json

# what the spec says of its own optimizer
SETTINGS = ("learning_rate", "weight_decay", "schedule", "warmup", "ema", "clip_norm")


def new_optimizer(optimizer: Any, settings: Mapping[str, Any]) -> keras.optimizers.Optimizer | None:
    """An optimizer as it is configured, with no state; None where none is passed.

    Args:
        optimizer: of keras.optimizers, or its name.
        settings: of the training, none of which may be the optimizer's own.

    Raises:
        InputError: no optimizer, one whose configuration is no JSON, or a setting beside it.
    """
    if optimizer is None:
        return None
    if beside := [name for name in SETTINGS if name in settings]:
        raise InputError(
            "`optimizer` must come without the settings that it replaces",
            ", ".join(beside),
            "Set them on the optimizer.",
        )
    found: Any
    try:
        found = keras.optimizers.get(optimizer)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, keras.optimizers.Optimizer):
        raise InputError(
            "`optimizer` must be one of keras.optimizers, or its name",
            f"{optimizer!r:.200}",
            "Pass keras.optimizers.AdamW(1e-3), for example.",
        )
    configuration(found)
    # a copy: the variables of the user's own are those of another model, or none yet
    return type(found).from_config(found.get_config())


def configuration(optimizer: keras.optimizers.Optimizer | None) -> dict[str, Any] | None:
    """What the record says of it."""
    if optimizer is None:
        return None
    written = as_json(optimizer, "`optimizer`")
    written["config"].pop("name", None)  # which counts the optimizers of the process
    return written


def recorded_optimizer(
    known: dict[str, Any] | None, again: keras.optimizers.Optimizer | None
) -> keras.optimizers.Optimizer | None:
    """The optimizer of a run that goes on.

    Args:
        known: the record's configuration.
        again: the one that was passed on resume, which must be the same; None: none was.

    Raises:
        InputError: another one, or a class that Keras does not know.
    """
    if again is not None:
        if configuration(again) != known:
            raise InputError(
                "`resume` must keep the optimizer",
                "another one" if known else "one, for a run that had none of its own",
                "Leave it out.",
            )
        return again
    if known is None:
        return None
    try:
        found = keras.optimizers.deserialize(deepcopy(known))  # which it changes
    except (TypeError, ValueError, KeyError):
        found = None
    if not isinstance(found, keras.optimizers.Optimizer):
        raise InputError(
            "the run's optimizer must be a class that Keras knows",
            f"{known.get('class_name')}",
            "Pass `optimizer` again.",
        )
    return found
