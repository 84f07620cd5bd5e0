"""The condition y: its names, kinds, categories and ranges, and its encoding for the networks."""

from condvae.checks import InputError
from condvae.conditions.categorical import MOST_CLASSES, Categorical, categorical_of
from condvae.conditions.condition import ALONE, PART, Condition
from condvae.conditions.continuous import Continuous
from condvae.conditions.date import Date
from condvae.conditions.images import Image, MaskedImage
from condvae.conditions.infer import named_kinds, schema_of, table_of, text_columns
from condvae.conditions.missing import is_missing
from condvae.conditions.multi_label import MultiLabel
from condvae.conditions.ordinal import Ordinal
from condvae.conditions.part import Part
from condvae.conditions.registry import AnyCondition, register_condition
from condvae.conditions.schema import Schema
from condvae.conditions.table import Table

# All kinds of conditions.
for _kind in (Categorical, Continuous, MultiLabel, Image, Ordinal, Date, MaskedImage, Schema):
    register_condition(_kind)


def check_categorical(condition: Condition) -> Categorical:
    """Return the condition if it is a class; otherwise raise InputError."""
    if condition.classes is not None:
        return condition.classes
    raise InputError(
        "the condition must be a class to be named, drawn or walked through",
        str(condition),
        "Use `condvae evaluate`, `condvae generate`, or `condvae plot RUN predictions`.",
    )


__all__ = [
    "ALONE",
    "MOST_CLASSES",
    "PART",
    "AnyCondition",
    "Categorical",
    "Condition",
    "Continuous",
    "Date",
    "Image",
    "MaskedImage",
    "MultiLabel",
    "Ordinal",
    "Part",
    "Schema",
    "Table",
    "categorical_of",
    "check_categorical",
    "is_missing",
    "named_kinds",
    "register_condition",
    "schema_of",
    "table_of",
    "text_columns",
]
