"""Frozen dataclasses that Keras saves with a model and loads again."""

from dataclasses import fields
from typing import Any, Self

import keras


class Settings:
    """The base of frozen dataclasses whose fields are numbers, strings or such dataclasses."""

    def get_config(self) -> dict[str, Any]:
        """The fields, for Keras."""
        serialize = keras.saving.serialize_keras_object
        return {f.name: serialize(getattr(self, f.name)) for f in fields(self)}  # type: ignore

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The inverse of `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(**{name: deserialize(value) for name, value in config.items()})
