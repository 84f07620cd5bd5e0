"""A categorical condition: one class of several."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import field_validator

from condvae.checks import InputError
from condvae.conditions.booleans import are_boolean, as_booleans
from condvae.conditions.condition import ALONE, PART, Condition
from condvae.conditions.missing import is_missing
from condvae.conditions.part import Part
from condvae.conditions.takeover import Takeover, unchanged

MOST_CLASSES = 2**15
MOST_SPAN = 2**20  # range of labels up to which they are distinguished by counting
MOST_WHOLE = 20  # number of distinct integers up to which they are classes


# a class with fewer training rows than both numbers is hardly learned
FEW_ROWS, FEW_SHARE = 20, 0.01


class Categorical(Part):
    """One of several classes, as a one-hot vector in the networks.

    Attributes:
        name: name of the condition on the command line ("digit").
        categories: names of the classes in the order of their codes.
        seldom: (name, training rows) of classes too rare for a model to learn, if it is one of
            several conditions.
    """

    places: ClassVar = (ALONE, PART)
    of_words: ClassVar = True

    kind: Literal["categorical"] = "categorical"
    name: str = "label"
    categories: tuple[str, ...]
    seldom: tuple[tuple[str, int], ...] = ()

    @field_validator("categories")
    @classmethod
    def _different(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        if not categories or len(set(categories)) < len(categories):
            raise ValueError("categories must be different names, one at least")
        return categories

    @classmethod
    def takes(cls, values: np.ndarray) -> bool:
        """Strings, and integers with few distinct values."""
        if values.ndim > 2 or (values.ndim == 2 and values.shape[1] > 1):
            return False
        if values.dtype.kind in "Ub":
            return True
        seen = values[~is_missing(values)]
        distinct = np.unique(seen)
        is_whole = values.dtype.kind in "iu" or bool((distinct == np.rint(distinct)).all())
        return is_whole and len(distinct) <= min(MOST_WHOLE, max(2, len(seen) // 3))

    @classmethod
    def of_column(cls, name: str, values: np.ndarray, rows: np.ndarray, settings: str = "") -> Self:
        """The classes that occur in a column.

        Raises:
            InputError: there is only one class, or as many as rows.
        """
        seen = values[~is_missing(values)].reshape(-1)
        names = _names_and_codes(seen)[0] if len(seen) else ()
        if len(names) < 2:
            raise InputError(
                f"column {name!r} must vary",
                f"{names[0]!r} in every row" if names else "no value",
                f"Omit it with `ignore={name}`.",
            )
        # a row's number, or a name, which is not informative about other rows
        if len(names) == len(seen) and len(seen) > 2:
            raise InputError(
                f"column {name!r} must name classes",
                f"{len(seen):,} rows with {len(names):,} different values, which identify rows",
                f"Omit it with `ignore={name}`.",
            )
        categories = cls.in_order(name, names, settings)
        return cls(name=name, categories=categories, seldom=_seldom(names, [values[rows]]))

    def counting(self, values: Iterable[np.ndarray]) -> Self:
        """The condition with its rare classes counted over all rows."""
        return self.model_copy(update={"seldom": _seldom(self.categories, values)})

    def outside(self, y: Any) -> list[str]:
        """A sentence for each class among (batch,) labels that is rare in the training rows."""
        asked = {_label_name(label) for label in set(np.asarray(y).ravel().tolist())}
        return [
            f"{self.name!r}: {name} has only {count} training row(s), so that draws for it may "
            "resemble other classes"
            for name, count in self.seldom
            if name in asked
        ]

    @classmethod
    def in_order(cls, name: str, names: tuple[str, ...], settings: str) -> tuple[str, ...]:
        """The classes' names in the order of their codes: numbers by value, strings sorted."""
        return names

    @property
    def num_classes(self) -> int:
        """Number of categories."""
        return len(self.categories)

    @property
    def dim(self) -> int:
        """Size of the networks' input: a weight for each class."""
        return self.num_classes

    @property
    def classes(self) -> "Categorical":
        """The condition itself."""
        return self

    @property
    def unconditional(self) -> np.ndarray:
        """Equal weights of all classes."""
        return self.encode(np.full((1, self.num_classes), 1 / self.num_classes, "float32"))

    def is_one(self, y: Any) -> bool:
        """Whether y is one condition rather than one per row."""
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
            InputError: an unknown label; the message lists the known ones.
        """
        labels = np.atleast_1d(np.asarray(y))
        if labels.ndim != 1:
            raise InputError(
                f"y must hold one {self.name} per row", f"shape {labels.shape}", "Pass (batch,)."
            )
        # one lookup for each distinct label rather than for each row
        distinct, inverse = np.unique(labels, return_inverse=True)
        found = [self._code_of.get(_label_name(label)) for label in distinct]
        if None in found:
            unknown = distinct[found.index(None)]
            row = int(np.argmax(labels == unknown))
            raise InputError(
                f"y must hold labels of condition {self.name!r}, {listed(self.categories)}",
                f"{_label_name(unknown)!r} in row {row}",
                "Use one of these.",
            )
        return np.asarray(found, dtype="int32")[inverse.reshape(-1)]

    @cached_property
    def _code_of(self) -> dict[str, int]:
        """The codes by the names of labels, see `codes`."""
        code = {name: position for position, name in enumerate(self.categories)}
        if not any(_is_integer(name) for name in self.categories):
            code |= {str(position): position for position in range(self.num_classes)}
        if are_boolean(self.categories):  # as words or as Python's booleans
            code |= {name.capitalize(): position for name, position in code.items()}
        return code

    def labels(self, codes: np.ndarray) -> np.ndarray:
        """The labels of class codes: integers or booleans if all are, otherwise names."""
        labels = self._labels(codes)
        return as_booleans(labels) if are_boolean(self.categories) else labels

    def _labels(self, codes: np.ndarray) -> np.ndarray:
        """The labels, with booleans as words."""
        numeric = all(_is_integer(name) for name in self.categories)
        # a label that is passed as 3 is returned as 3 rather than as "3"
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
            InputError: an unknown label, or invalid weights.
        """
        weights = np.asarray(y)
        if weights.ndim == 2 and weights.dtype.kind == "f":
            sums_to_one = np.allclose(weights.sum(axis=1), 1, atol=1e-4)
            if weights.shape[1] != self.num_classes or (weights < 0).any() or not sums_to_one:
                raise InputError(
                    f"a mixture of {self.name}s must be {self.num_classes} weights per row that "
                    "sum to one",
                    f"shape {weights.shape}, sums from {weights.sum(axis=1).min():g}",
                    "Normalise the rows.",
                )
            return weights.astype("float32")
        return self._one_hot(self.codes(y))

    def _one_hot(self, codes: np.ndarray) -> np.ndarray:
        """(batch, num_classes) float32, 1 at the code."""
        rows = np.zeros((len(codes), self.num_classes), "float32")
        rows[np.arange(len(codes)), codes] = 1
        return rows

    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, dim) float32 from labels without missing values."""
        return self.encode(values)

    def codes_of(self, block: np.ndarray) -> np.ndarray:
        """The codes of the classes nearest to (batch, dim) encoded rows."""
        return block.argmax(axis=1)

    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """The labels of the classes nearest to (batch, dim) encoded rows."""
        return self._labels(self.codes_of(block))

    def taken_over(self, before: Condition) -> Takeover | None:
        """Match classes by name; a new one starts from the mean of those in common."""
        if type(before) is not type(self):
            return None
        if self.categories == before.categories:
            return unchanged(*self.categories)
        known = {name: code for code, name in enumerate(before.categories)}
        kept = tuple(name for name in self.categories if name in known)
        if not kept:
            return None
        rows = np.zeros((self.num_classes, before.num_classes), "float32")
        for code, name in enumerate(self.categories):
            sources = [known[name]] if name in known else [known[other] for other in kept]
            rows[code, sources] = 1 / len(sources)
        new = tuple(name for name in self.categories if name not in known)
        dropped = tuple(name for name in before.categories if name not in self.categories)
        return Takeover(rows, kept, new, dropped)

    def random(self, num_rows: int, rng: np.random.Generator) -> np.ndarray:
        """Random classes."""
        return self.encode(self._one_hot(rng.integers(0, self.num_classes, num_rows)))

    def named_codes(self, y: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """The classes' names, and the code of each row of an encoded y."""
        return self.categories, self.codes_of(y)

    def strata(self, given: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """The classes, and their codes, which the Keras model takes."""
        return self.categories, given

    def widget(self) -> dict[str, Any]:
        """A list for choosing a class; its codes are omitted if they are one-hot."""
        shown = {"categories": self.categories, "codes": None}
        return {"widget": "choice", "size": self.num_classes, **shown}

    def given(self, text: str) -> str:
        """The label in `--given` on the command line: "3", or "digit=3"."""
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


def _seldom(names: Sequence[str], blocks: Iterable[np.ndarray]) -> tuple[tuple[str, int], ...]:
    """(class, rows) pairs of rare classes, from the values of all rows, in blocks."""
    counts, total = dict.fromkeys(names, 0), 0
    for values in blocks:
        seen = values[~is_missing(values)].reshape(-1)
        if not len(seen):
            continue
        own, codes = _names_and_codes(seen)
        for name, count in zip(own, np.bincount(codes, minlength=len(own)).tolist(), strict=True):
            counts[name] += count
        total += len(seen)
    few = min(FEW_ROWS, FEW_SHARE * total)
    return tuple((name, count) for name, count in counts.items() if count < few)


def categorical_of(labels: np.ndarray, name: str = "label") -> tuple[Categorical, np.ndarray]:
    """The categories in labels, sorted (numbers by value), and the codes of the labels.

    Args:
        labels: (batch,) integers, integral floats or strings.
        name: name of the condition.

    Returns:
        The condition, and (batch,) int32 codes.

    Raises:
        InputError: over 32,768 classes, or a label that is not valid text.
    """
    categories, codes = _names_and_codes(labels)
    return Categorical(name=name, categories=categories), codes


def _names_and_codes(labels: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes that occur, sorted (numbers by value), and the code of each label."""
    distinct, inverse = _distinct(labels)
    if len(distinct) > MOST_CLASSES:
        raise InputError(
            f"the labels must name at most {MOST_CLASSES:,} classes",
            f"{len(distinct):,} different ones in {len(labels):,} rows",
            "Pass classes, or declare it a continuous condition.",
        )
    try:
        names = [_label_name(label) for label in distinct]
        # names are stored in run.json: text that UTF-8 cannot represent is rejected here
        "".join(names).encode()
    except (UnicodeError, SystemError) as error:  # NumPy allows any number as a character
        raise InputError(
            "labels must be text that UTF-8 can hold", f"other text ({error})", "Rename the class."
        ) from None
    numeric = all(_is_integer(label) for label in names)
    categories = sorted(names, key=int if numeric else None)
    position = {label: code for code, label in enumerate(categories)}
    codes = np.asarray([position[label] for label in names], dtype="int32")
    return tuple(categories), codes[inverse.reshape(-1)]


def _distinct(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`np.unique` with the inverse, without sorting integers in a small range."""
    if labels.dtype == np.int64 and labels.size:
        low = labels.min()
        if int(labels.max()) - int(low) < MOST_SPAN:
            counts = np.bincount(labels - low)
            places = np.cumsum(counts > 0, dtype="int32") - 1
            return np.flatnonzero(counts) + low, places[labels - low]
    return np.unique(labels, return_inverse=True)


def _label_name(label: Any) -> str:
    """The name of a label: 3, 3.0 and "3" are the same label."""
    if isinstance(label, np.floating | float) and float(label).is_integer():
        return str(int(label))
    return str(label)


def _is_integer(text: str) -> bool:
    """Whether the text is an int64 in its usual form: not 007, a label other than 7."""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= 18 and str(int(text)) == text


def listed(names: Sequence[str], most: int = 12) -> str:
    """The names in a sentence, shortened."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown}, … ({len(names)} in all)"
