"""Subclasses of CVAE, which a run stores by the name under which Keras has registered them."""

import keras

from condvae.checks import InputError
from condvae.models.cvae import CVAE


def registered_name(model_class: type[CVAE] | None) -> str | None:
    """The registered name of a subclass, for the record; None for CVAE itself.

    Raises:
        InputError: not a subclass, or not registered with Keras.
    """
    if model_class is None or model_class is CVAE:
        return None
    if not (isinstance(model_class, type) and issubclass(model_class, CVAE)):
        raise InputError(
            "`model_class` must be a subclass of CVAE",
            f"{model_class!r:.200}",
            "Derive it from condvae.CVAE.",
        )
    name = keras.saving.get_registered_name(model_class)
    if keras.saving.get_registered_object(name) is not model_class:
        raise InputError(
            "`model_class` must be registered with Keras, so that the run can be loaded",
            model_class.__name__,
            'Decorate it with @keras.saving.register_keras_serializable("my_package").',
        )
    return name


def class_named(name: str | None) -> type[CVAE]:
    """The class that a record names.

    Raises:
        InputError: Keras has no class of that name.
    """
    if name is None:
        return CVAE
    found = keras.saving.get_registered_object(name)
    if not (isinstance(found, type) and issubclass(found, CVAE)):
        raise InputError(
            f"the run's model must be of the class {name!r}",
            "no class that is registered with Keras under that name",
            "Import the module that defines it first.",
        )
    return found
