"""A CVAE as Keras writes it, whole, for models that no spec describes."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import keras

from condvae.checks import InputError
from condvae.models.cvae import CVAE

# what a file may name beside Keras's classes without its being registered: functions of Keras's by
# their names, and its marks
MARKS = ("function", "__keras_tensor__", "__tensor__", "__numpy__", "__slice__")


def configuration_of(model: CVAE) -> dict[str, Any]:
    """Keras's configuration of a model: networks, likelihood, objective; no weights.

    Raises:
        InputError: a part that Keras cannot write, or could not find again.
    """
    written = as_json(model, "a model")
    _check_known(written)
    return written


def as_json(thing: Any, name: str) -> dict[str, Any]:
    """Keras's configuration of an object, in JSON's own types.

    Args:
        name: what it is, for the error.

    Raises:
        InputError: there is none.
    """
    try:
        return json.loads(json.dumps(keras.saving.serialize_keras_object(thing)))
    # which is what Keras raises where a part has no get_config, and JSON where that holds arrays
    except (TypeError, ValueError, NotImplementedError) as error:
        raise InputError(
            f"{name} must have a configuration that can be written as JSON",
            f"{type(thing).__name__}: {' '.join(str(error).split()):.300}",
            "Give its own parts a get_config() of plain numbers and texts.",
        ) from None


def model_of(configuration: Mapping[str, Any]) -> CVAE:
    """The model of a configuration, with first weights.

    No code comes from it: classes are Keras's, ours, or those that the user has registered.

    Raises:
        InputError: a class that is none of these, or a damaged configuration.
    """
    _check_known(configuration)
    try:
        # which it changes
        model = keras.saving.deserialize_keras_object(deepcopy(dict(configuration)), safe_mode=True)
    except InputError:
        raise
    except Exception as error:  # whatever a damaged configuration makes a constructor raise
        raise InputError(
            "the run's model must be one that Keras can make of its configuration",
            f"{type(error).__name__}: {' '.join(str(error).split()):.300}",
            "Import what it is made of first, with the version of Keras that wrote it.",
        ) from None
    if not isinstance(model, CVAE):
        raise InputError(
            "the run's model must be a CVAE", type(model).__name__, "The record is damaged."
        )
    return model


def _check_known(configuration: Any) -> None:
    """Raise for a class that is neither Keras's nor registered."""
    for part in _objects(configuration):
        module, mark = part.get("module") or "builtins", part["class_name"]
        name = part.get("registered_name") or mark
        is_keras = module.partition(".")[0] == "keras"
        # with another module Keras would import from it what a mark stands for
        is_known = (
            module == "builtins"
            if mark in MARKS
            else bool(keras.saving.get_registered_object(name))
        )
        if not (is_keras or is_known):
            raise InputError(
                "each part of a model must be Keras's, or registered with it",
                f"{name!r}",
                'Decorate its class with @keras.saving.register_keras_serializable("my_package"), '
                "and import it before the model is loaded.",
            )


def _objects(configuration: Any) -> Iterator[Mapping[str, Any]]:
    """Everything in a configuration that names a class."""
    if isinstance(configuration, Mapping):
        if isinstance(configuration.get("class_name"), str):
            yield configuration
        for part in configuration.values():
            yield from _objects(part)
    elif isinstance(configuration, list):
        for part in configuration:
            yield from _objects(part)
