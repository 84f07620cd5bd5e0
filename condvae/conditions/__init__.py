"""What is given, y: names, kinds, categories and ranges, and the way to the networks' input."""

from typing import Annotated

from pydantic import Field

from condvae.checks import InputError
from condvae.conditions.categorical import MOST_CLASSES, Categorical, categorical_of
from condvae.conditions.columns import Continuous, MultiLabel
from condvae.conditions.images import Image, MaskedImage
from condvae.conditions.infer import named_kinds, schema_of, table_of, text_columns
from condvae.conditions.schema import Schema, Table, is_missing

Condition = Annotated[Categorical | Image | MaskedImage | Schema, Field(discriminator="kind")]


def check_categorical(condition: object) -> Categorical:
    """Return the condition if it is a class of several."""
    if isinstance(condition, Categorical):
        return condition
    raise InputError(
        "the condition must be a class of several to name, draw or walk them",
        str(condition),
        "Use `condvae evaluate`, `condvae generate`, or `condvae plot RUN predictions`.",
    )


__all__ = [
    "MOST_CLASSES",
    "Categorical",
    "Condition",
    "Continuous",
    "Image",
    "MaskedImage",
    "MultiLabel",
    "Schema",
    "Table",
    "categorical_of",
    "check_categorical",
    "is_missing",
    "named_kinds",
    "schema_of",
    "table_of",
    "text_columns",
]
