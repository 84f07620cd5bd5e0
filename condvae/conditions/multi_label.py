"""A multi-label condition: attributes, each present or absent."""

from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import field_validator

from condvae.checks import InputError
from condvae.conditions.missing import is_missing
from condvae.conditions.part import Part

NO_ATTRIBUTE = "none"  # since an empty string is a missing value


class MultiLabel(Part):
    """Attributes, each of which is present or absent.

    Attributes:
        name: name of the condition.
        attributes: names of the attributes.
    """

    of_words: ClassVar = True

    kind: Literal["multi_label"] = "multi_label"
    attributes: tuple[str, ...]

    @field_validator("attributes")
    @classmethod
    def _different(cls, attributes: tuple[str, ...]) -> tuple[str, ...]:
        if not attributes or len(set(attributes)) < len(attributes):
            raise ValueError("attributes must be different names, one at least")
        return attributes

    @classmethod
    def takes(cls, values: np.ndarray) -> bool:
        """Rows of zeros and ones."""
        if values.ndim != 2 or values.shape[1] < 2:
            return False
        return bool(np.isin(values[~is_missing(values)], (0, 1)).all())

    @classmethod
    def of_column(cls, name: str, values: np.ndarray, rows: np.ndarray, settings: str = "") -> Self:
        """The attributes named by the strings of a column, or one for each number of a row."""
        if values.dtype.kind == "U":
            names = sorted({part for text in np.unique(values) for part in attribute_names(text)})
            if not names:
                raise InputError(
                    f"column {name!r} must name attributes",
                    "none in any row",
                    f"Omit it with `ignore={name}`.",
                )
        else:
            width = values.shape[1] if values.ndim == 2 else 1
            names = [f"{name}_{place}" for place in range(width)]
        return cls(name=name, attributes=tuple(names))

    @property
    def dim(self) -> int:
        """Number of attributes."""
        return len(self.attributes)

    def is_one(self, value: Any) -> bool:
        """Whether value is one condition rather than one per row."""
        value = np.asarray(value)
        return value.ndim == 0 or (self.dim > 1 and value.ndim == 1 and value.dtype.kind in "biuf")

    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, dim) float32 from (batch, dim) zeros and ones, or strings such as "hat|scarf".

        Raises:
            InputError: an unknown attribute, or other numbers; the message lists the known ones.
        """
        values = np.asarray(values)
        if values.dtype.kind in "UO":
            rows = [self.given(str(text)) for text in values]
            return np.asarray(rows, dtype="float32").reshape(-1, self.dim)
        values = values.reshape(len(values), -1)
        if values.shape[1] != self.dim or not np.isin(values, (0, 1)).all():
            raise InputError(
                f"{self.name!r} must be {self.dim} zeros and ones per row",
                f"shape {values.shape}, values from {values.min():g} to {values.max():g}",
                f"They stand for {', '.join(self.attributes[:12])}.",
            )
        return values.astype("float32")

    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """The attributes that are present, as strings such as "hat|scarf", or "none"."""
        names = np.asarray(self.attributes)
        return np.asarray(["|".join(names[row >= 0.5]) or NO_ATTRIBUTE for row in block])

    def given(self, text: str) -> np.ndarray:
        """(dim,) zeros and ones from a string such as "hat|scarf" or "hat,scarf"; "none": zeros."""
        names = attribute_names(text)
        if unknown := [name for name in names if name not in self.attributes]:
            raise InputError(
                f"{self.name!r} must name some of {', '.join(self.attributes[:12])}",
                repr(unknown[0]),
                "Use these, or none.",
            )
        return np.asarray([name in names for name in self.attributes], dtype="float32")

    def widget(self) -> dict[str, Any]:
        """A checkbox for each attribute."""
        return {"widget": "switches", "size": self.dim, "attributes": self.attributes}

    def __str__(self) -> str:
        return f"{self.name}: any of {', '.join(self.attributes[:12])}"


def attribute_names(text: str) -> list[str]:
    """The attributes that a string such as "hat|scarf" or "hat,scarf" names; none for "none"."""
    names = [name for part in text.replace(",", "|").split("|") if (name := part.strip())]
    return [] if names == [NO_ATTRIBUTE] else names
