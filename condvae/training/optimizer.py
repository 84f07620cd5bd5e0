"""User-defined optimizers: any Keras optimizer, stored in the record by its configuration."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import keras

from condvae.checks import InputError
from condvae.models.configuration import as_json

# the settings of the spec's own optimizer
SETTINGS = ("learning_rate", "weight_decay", "schedule", "warmup", "ema", "clip_norm")


def new_optimizer(optimizer: Any, settings: Mapping[str, Any]) -> keras.optimizers.Optimizer | None:
    """An optimizer with the same configuration and no state; None if none is passed.

    Args:
        optimizer: an instance from keras.optimizers, or its name.
        settings: settings of the training, none of which may belong to the spec's optimizer.

    Raises:
        InputError: not an optimizer, a configuration that JSON cannot hold, or a setting beside it.
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
    # a copy: the variables of the user's optimizer belong to another model, or do not exist yet
    return type(found).from_config(found.get_config())


def configuration(optimizer: keras.optimizers.Optimizer | None) -> dict[str, Any] | None:
    """The configuration of an optimizer, for the record."""
    if optimizer is None:
        return None
    written = as_json(optimizer, "`optimizer`")
    written["config"].pop("name", None)  # contains a counter of the process's optimizers
    return written


def recorded_optimizer(
    known: dict[str, Any] | None, again: keras.optimizers.Optimizer | None
) -> keras.optimizers.Optimizer | None:
    """The optimizer of a resumed run.

    Args:
        known: the configuration in the record.
        again: the optimizer that was passed on resume, which must be the same; None: none was.

    Raises:
        InputError: another optimizer, or a class that Keras does not know.
    """
    if again is not None:
        if configuration(again) != known:
            raise InputError(
                "`resume` must keep the optimizer",
                "another one" if known else "one, for a run with the spec's optimizer",
                "Omit it.",
            )
        return again
    if known is None:
        return None
    try:
        found = keras.optimizers.deserialize(deepcopy(known))  # which Keras modifies
    except (TypeError, ValueError, KeyError):
        found = None
    if not isinstance(found, keras.optimizers.Optimizer):
        raise InputError(
            "the run's optimizer must be a class that Keras knows",
            f"{known.get('class_name')}",
            "Pass `optimizer` again.",
        )
    return found
