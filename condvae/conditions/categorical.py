"""A class of several."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import field_validator

from condvae.checks import InputError
from condvae.files.frozen import Frozen

MOST_CLASSES = 2**15


class Categorical(Frozen):
    """One of several classes, one-hot in the networks.

    Attributes:
        name: what the condition is called on the command line ("digit").
        categories: the classes' names in the order of their codes.
    """

    kind: Literal["categorical"] = "categorical"
    name: str = "label"
    categories: tuple[str, ...]

    @field_validator("categories")
    @classmethod
    def _different(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        if not categories or len(set(categories)) < len(categories):
            raise ValueError("categories must be different names, one at least")
        return categories

    @property
    def dim(self) -> int:
        """Number of categories."""
        return len(self.categories)

    @property
    def shape(self) -> tuple[int, ...]:
        """What the networks see for one y."""
        return (self.dim,)

    @property
    def y_max(self) -> int:
        """The integer that stands for one."""
        return 1

    def is_one(self, y: Any) -> bool:
        """Whether y is one condition, not one a row."""
        return np.ndim(y) == 0

    def codes(self, y: Any) -> np.ndarray:
        """Class codes of labels.

        Args:
            y: a label or a sequence of them: a category's name, a number that is a category's
                name (the label 3 where the categories are digits), or, where no category is a
                number, its position.

        Returns:
            (batch,) int32 codes, 0 to num_classes - 1.

        Raises:
            InputError: a label that the model does not know; the known ones are listed.
        """
        labels = np.atleast_1d(np.asarray(y))
        if labels.ndim != 1:
            raise InputError(
                f"y must hold one {self.name} a row", f"shape {labels.shape}", "Pass (batch,)."
            )
        code = {name: position for position, name in enumerate(self.categories)}
        if not any(_is_integer(name) for name in self.categories):
            code |= {str(position): position for position in range(self.dim)}
        # one lookup for each distinct label, not for each row
        distinct, inverse = np.unique(labels, return_inverse=True)
        found = [code.get(_label_name(label)) for label in distinct]
        if None in found:
            unknown = distinct[found.index(None)]
            row = int(np.argmax(labels == unknown))
            raise InputError(
                f"y must hold labels of condition {self.name!r}, {listed(self.categories)}",
                f"{_label_name(unknown)!r} in row {row}",
                "Take one of these.",
            )
        return np.asarray(found, dtype="int32")[inverse.reshape(-1)]

    def labels(self, codes: np.ndarray) -> np.ndarray:
        """The labels of class codes: whole numbers where all categories are, else names."""
        numeric = all(_is_integer(name) for name in self.categories)
        names = np.asarray(self.categories, dtype="int64" if numeric else "str")
        return names[codes]

    def encode(self, y: Any) -> np.ndarray:
        """The networks' input for y.

        Args:
            y: labels as in `codes`, or float weights (batch, num_classes), non-negative and
                summing to one: a mixture of classes.

        Returns:
            (batch, num_classes) float32.

        Raises:
            InputError: an unknown label, or weights that are none.
        """
        weights = np.asarray(y)
        if weights.ndim == 2 and weights.dtype.kind == "f":
            sums_to_one = np.allclose(weights.sum(axis=1), 1, atol=1e-4)
            if weights.shape[1] != self.dim or (weights < 0).any() or not sums_to_one:
                raise InputError(
                    f"a mixture of {self.name}s must be {self.dim} weights a row that sum to one",
                    f"shape {weights.shape}, sums from {weights.sum(axis=1).min():g}",
                    "Normalise the rows.",
                )
            return weights.astype("float32")
        return np.eye(self.dim, dtype="float32")[self.codes(y)]

    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, num_classes) float32, one-hot, of labels none of which is missing."""
        return self.encode(values)

    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """The labels of the largest of (batch, num_classes) weights."""
        return self.labels(block.argmax(axis=1))

    def given(self, text: str) -> str:
        """The label in a `--given` of the command line: "3", or "digit=3"."""
        if text in self.categories:
            return text
        name, equals, value = text.partition("=")
        if equals and name != self.name:
            raise InputError(
                f"--given must name the condition {self.name!r}",
                repr(name),
                f"Write --given {self.name}={value}, or --given {value}.",
            )
        label = value if equals else text
        return self.categories[int(self.codes(label)[0])]

    def __str__(self) -> str:
        return f"{self.name}: one of {listed(self.categories)}"


def categorical_of(labels: np.ndarray, name: str = "label") -> tuple[Categorical, np.ndarray]:
    """The categories that occur in labels, sorted (numbers by value), and the labels' codes.

    Args:
        labels: (batch,) integers, whole floats or strings.
        name: what the condition is called.

    Returns:
        The condition, and (batch,) int32 codes.

    Raises:
        InputError: over 32,768 classes, or a label that is no text.
    """
    distinct, inverse = np.unique(labels, return_inverse=True)
    if len(distinct) > MOST_CLASSES:
        raise InputError(
            f"the labels must name at most {MOST_CLASSES:,} classes",
            f"{len(distinct):,} different ones in {len(labels):,} rows",
            "Bring classes, or name it a continuous condition.",
        )
    try:
        names = [_label_name(label) for label in distinct]
        "".join(names).encode()
    except (UnicodeError, SystemError) as error:  # NumPy lets any number stand for a character
        raise InputError(
            "labels must be text that UTF-8 can hold", f"other text ({error})", "Rename the class."
        ) from None
    numeric = all(_is_integer(label) for label in names)
    categories = sorted(names, key=int if numeric else None)
    position = {label: code for code, label in enumerate(categories)}
    codes = np.asarray([position[label] for label in names], dtype="int32")
    return Categorical(name=name, categories=tuple(categories)), codes[inverse.reshape(-1)]


def _label_name(label: Any) -> str:
    """3, 3.0 and "3" are one label."""
    if isinstance(label, np.floating | float) and float(label).is_integer():
        return str(int(label))
    return str(label)


def _is_integer(text: str) -> bool:
    """Whether the text is how an int64 is written: not 007, which is another label than 7."""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= 18 and str(int(text)) == text


def listed(names: Sequence[str], most: int = 12) -> str:
    """The names in a sentence, shortened."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, … ({len(names)} in all)"
