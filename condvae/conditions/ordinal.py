"""An ordinal condition: one of several classes with an order."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import field_validator

from condvae.checks import InputError
from condvae.conditions.categorical import Categorical, listed
from condvae.conditions.condition import PART, Condition
from condvae.conditions.takeover import Takeover, unchanged

MOST_LEVELS = 256


class Ordinal(Categorical):
    """One of several ordered classes, encoded so that neighbouring classes are close.

    Class k of K is K - 1 numbers, of which the first k are one: a thermometer code. Two classes
    differ in as many numbers as there are steps between them, although the steps may be unequal; a
    mixture of classes is the mixture of their codes, and decoding gives the nearest class.

    Attributes:
        categories: names of the classes, from the first to the last.

    Source: Cheng, Wang & Pollastri 2008 (as targets of a network).
    """

    places: ClassVar = (PART,)
    of_words: ClassVar = False

    kind: Literal["ordinal"] = "ordinal"  # type: ignore[assignment]

    @field_validator("categories")
    @classmethod
    def _few(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        if not 2 <= len(categories) <= MOST_LEVELS:
            raise ValueError(f"categories must be 2 to {MOST_LEVELS} names")
        return categories

    @classmethod
    def takes(cls, values: np.ndarray) -> bool:
        """No values: an order must be given, and cannot be inferred."""
        return False

    @classmethod
    def takes_settings(cls, text: str) -> bool:
        """The classes in order, as in low<medium<high."""
        return "<" in text

    @classmethod
    def in_order(cls, name: str, names: tuple[str, ...], settings: str) -> tuple[str, ...]:
        """Numbers by value, strings as in the settings."""
        order = (
            tuple(part.strip() for part in settings.split("<")) if settings else _by_value(names)
        )
        if not order:
            raise InputError(
                f"the order of the ordinal condition {name!r} must be given where it holds text",
                listed(names),
                f"Name all, the lowest first, as in '{name}:ordinal:{'<'.join(names[:2])}'.",
            )
        unknown = [category for category in names if category not in order]
        if unknown or "" in order or len(set(order)) < len(order):
            raise InputError(
                f"the order of the ordinal condition {name!r} must name each of its values once",
                f"{settings!r}{f' without {unknown[0]!r}' if unknown else ''}",
                f"The values are {listed(names)}.",
            )
        if len(order) > MOST_LEVELS:
            raise InputError(
                f"the ordinal condition {name!r} must have at most {MOST_LEVELS} different values",
                f"{len(order):,}",
                f"Declare it as {name}:continuous.",
            )
        return order

    def taken_over(self, before: Condition) -> Takeover | None:
        """Only for the same order: inserting a level would change the meaning of all numbers."""
        return unchanged(self.name) if self == before else None

    @property
    def settings(self) -> str:
        """The classes in order."""
        return "<".join(self.categories)

    @property
    def dim(self) -> int:
        """Size of the networks' input: one number for each step."""
        return self.num_classes - 1

    def encode(self, y: Any) -> np.ndarray:
        """(batch, num_classes - 1) float32 from labels or a mixture, see `Categorical.encode`."""
        return super().encode(y) @ self._thermometer

    def codes_of(self, block: np.ndarray) -> np.ndarray:
        """The codes of the classes nearest to (batch, dim) encoded rows."""
        # from one class to the next, one number changes from 0 to 1
        steps = np.cumsum(1 - 2 * np.asarray(block, "float64"), axis=1)
        return np.concatenate([np.zeros((len(block), 1)), steps], axis=1).argmin(axis=1)

    def widget(self) -> dict[str, Any]:
        """A list of classes with their codes, which are not one-hot."""
        return {**super().widget(), "codes": self._thermometer.tolist()}

    @property
    def _thermometer(self) -> np.ndarray:
        """(num_classes, num_classes - 1) codes of the classes."""
        return np.tri(self.num_classes, self.dim, -1, dtype="float32")

    def __str__(self) -> str:
        return f"{super().__str__()}, in this order"


def _by_value(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that are finite numbers, in increasing order; () for other names."""
    try:
        numbers = [float(name) for name in names]
    except ValueError:
        return ()
    return tuple(sorted(names, key=float)) if np.isfinite(numbers).all() else ()
