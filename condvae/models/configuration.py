"""A CVAE as a Keras configuration, for models that no spec describes."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import keras

from condvae.checks import InputError
from condvae.models.cvae import CVAE

# what a file may name without registration, beside Keras's classes: Keras's functions by their
# names, and its markers
MARKS = ("function", "__keras_tensor__", "__tensor__", "__numpy__", "__slice__")


def configuration_of(model: CVAE) -> dict[str, Any]:
    """Keras's configuration of a model: networks, likelihood and objective, but no weights.

    Raises:
        InputError: Keras cannot serialise a part, or could not find its class again.
    """
    written = as_json(model, "a model")
    _check_known(written)
    return written


def as_json(thing: Any, name: str) -> dict[str, Any]:
    """Keras's configuration of an object, as JSON types.

    Args:
        name: name of the object, for the error message.

    Raises:
        InputError: the object has no such configuration.
    """
    try:
        return json.loads(json.dumps(keras.saving.serialize_keras_object(thing)))
    # Keras raises this if a part has no get_config, JSON if the configuration holds arrays
    except (TypeError, ValueError, NotImplementedError) as error:
        raise InputError(
            f"{name} must have a configuration that can be written as JSON",
            f"{type(thing).__name__}: {' '.join(str(error).split()):.300}",
            "Give its parts a get_config() that returns plain numbers and strings.",
        ) from None


def model_of(configuration: Mapping[str, Any]) -> CVAE:
    """The model of a configuration, with initial weights.

    No code comes from the configuration: classes are Keras's, ours, or registered by the user.

    Raises:
        InputError: an unknown class, or a damaged configuration.
    """
    _check_known(configuration)
    try:
        # which Keras modifies
        model = keras.saving.deserialize_keras_object(deepcopy(dict(configuration)), safe_mode=True)
    except InputError:
        raise
    except Exception as error:  # a damaged configuration can make a constructor raise anything
        raise InputError(
            "the run's model must be one that Keras can build from its configuration",
            f"{type(error).__name__}: {' '.join(str(error).split()):.300}",
            "Import the modules of its parts first, with the version of Keras that wrote it.",
        ) from None
    if not isinstance(model, CVAE):
        raise InputError(
            "the run's model must be a CVAE", type(model).__name__, "The record is damaged."
        )
    return model


def _check_known(configuration: Any) -> None:
    """Raise InputError for a class that is neither Keras's nor registered."""
    for part in _objects(configuration):
        module, mark = part.get("module") or "builtins", part["class_name"]
        name = part.get("registered_name") or mark
        is_keras = module.partition(".")[0] == "keras"
        # given another module, Keras would import the object that a marker names from it
        is_known = (
            module == "builtins"
            if mark in MARKS
            else bool(keras.saving.get_registered_object(name))
        )
        if not (is_keras or is_known):
            raise InputError(
                "each part of a model must be Keras's, or registered with Keras",
                f"{name!r}",
                'Decorate its class with @keras.saving.register_keras_serializable("my_package"), '
                "and import it before the model is loaded.",
            )


def _objects(configuration: Any) -> Iterator[Mapping[str, Any]]:
    """All entries of a configuration that name a class."""
    if isinstance(configuration, Mapping):
        if isinstance(configuration.get("class_name"), str):
            yield configuration
        for part in configuration.values():
            yield from _objects(part)
    elif isinstance(configuration, list):
        for part in configuration:
            yield from _objects(part)
