"""Several conditions by name, any of which may be missing; and the columns of a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from condvae.checks import InputError, check_choice
from condvae.conditions.categorical import Categorical
from condvae.conditions.columns import Continuous, MultiLabel
from condvae.conditions.images import Image
from condvae.files.frozen import Frozen

AnyColumn = Annotated[Categorical | Continuous | MultiLabel | Image, Field(discriminator="kind")]


class Schema(Frozen):
    """Conditions by name, encoded side by side, each followed by a bit: 1 where it is given.

    A condition that is missing is all zeros. Values come as {name: one value, or one a row}; a
    name that is left out, None, NaN and an empty text are missing.

    Attributes:
        name: what they are called together.
        conditions: in the order in which the networks see them.
    """

    kind: Literal["schema"] = "schema"
    name: str = "conditions"
    conditions: Annotated[tuple[AnyColumn, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len(set(self.names)) < len(self.conditions):
            raise ValueError("conditions must have different names")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Of the conditions."""
        return tuple(condition.name for condition in self.conditions)

    @property
    def dim(self) -> int:
        """Numbers that the networks see: of the conditions, and a bit for each."""
        return sum(condition.dim + 1 for condition in self.conditions)

    @property
    def shape(self) -> tuple[int, ...]:
        """What the networks see for one y."""
        return (self.dim,)

    @property
    def y_max(self) -> int:
        """The integer that stands for one."""
        return 1

    def __getitem__(self, name: str) -> Categorical | Continuous | MultiLabel | Image:
        """The condition of that name.

        Raises:
            InputError: there is none; the known ones are listed.
        """
        return self.conditions[self.names.index(check_choice(name, self.names, "the condition"))]

    @property
    def blocks(self) -> Iterator[tuple[Any, slice]]:
        """Each condition, and where it lies in an encoded y; its bit comes after it."""
        first = 0
        for condition in self.conditions:
            yield condition, slice(first, first + condition.dim)
            first += condition.dim + 1

    def is_one(self, y: Any) -> bool:
        """Whether y is one set of conditions, not one a row."""
        if not isinstance(y, Mapping):
            return np.ndim(y) == 1
        return all(self._is_one(name, value) for name, value in y.items())

    def encode(self, y: Any) -> np.ndarray:
        """The networks' input for y.

        Args:
            y: {name: value, or (batch,) values}; or (batch, dim) numbers that this has made.

        Returns:
            (batch, dim) float32.

        Raises:
            InputError: an unknown name, or values that do not fit their condition.
        """
        if not isinstance(y, Mapping):
            return self._checked(y)
        columns = {name: self._rows(name, value) for name, value in y.items()}
        sizes = {name: len(column) for name, column in columns.items()}
        num_rows = max(sizes.values(), default=1)
        if wrong := [name for name, size in sizes.items() if size not in (1, num_rows)]:
            raise InputError(
                f"each condition must have one value, or {num_rows:,}",
                f"{sizes[wrong[0]]:,} of {wrong[0]!r}",
                "Bring one for each row.",
            )
        encoded = np.zeros((num_rows, self.dim), dtype="float32")
        for condition, block in self.blocks:
            column = columns.get(condition.name)
            if column is None:
                continue
            is_given = ~is_missing(column)
            if is_given.any():
                part = np.zeros((len(column), condition.dim + 1), dtype="float32")
                part[is_given, :-1] = condition.encode_rows(_plain(column[is_given]))
                part[is_given, -1] = 1
                encoded[:, block.start : block.stop + 1] = part
        return encoded

    def outside(self, y: Mapping[str, Any]) -> list[str]:
        """A sentence for each condition of y that lies outside the training range."""
        sentences = []
        for name, value in y.items():
            condition = self[name]
            if isinstance(condition, Continuous):
                values = self._rows(name, value)
                sentences.append(condition.outside(_plain(values[~is_missing(values)])))
        return [sentence for sentence in sentences if sentence]

    def decode(self, encoded: np.ndarray) -> dict[str, np.ndarray]:
        """The values of encoded conditions by name; missing ones are NaN, or an empty text."""
        columns = {}
        for condition, block in self.blocks:
            values = condition.decode_rows(encoded[:, block])
            is_given = encoded[:, block.stop] == 1
            if not is_given.all():
                values = values.astype(str if values.dtype.kind in "iU" else "float64")
                values[~is_given] = "" if values.dtype.kind == "U" else np.nan
            columns[condition.name] = values
        return columns

    def drop(self, y: np.ndarray, rng: np.random.Generator, rate: float) -> np.ndarray:
        """y with conditions left out: of a share `rate` of the rows a random subset is kept.

        Each subset, the empty one too, is as likely as the others.

        Args:
            y: (batch, dim) encoded.
        """
        chosen = rng.random(len(y)) < rate
        kept = rng.random((len(y), len(self.conditions))) < 0.5
        kept[~chosen] = True
        y = y.copy()
        for (_, block), keep in zip(self.blocks, kept.T, strict=True):
            y[~keep, block.start : block.stop + 1] = 0
        return y

    def parse(self, texts: Sequence[str]) -> dict[str, Any]:
        """{name: value} of the command line's `--given name=value`.

        Raises:
            InputError: no name, a name twice, or a value that does not fit.
        """
        given: dict[str, Any] = {}
        for text in texts:
            name, equals, value = text.partition("=")
            if not equals and len(self.conditions) == 1:
                name, equals, value = self.names[0], "=", text
            if not equals or name in given:
                raise InputError(
                    f"--given must name each of the conditions ({', '.join(self.names)}) once",
                    repr(text),
                    f"Write --given {self.names[0]}=VALUE.",
                )
            condition = self[name]
            if isinstance(condition, Image):
                raise InputError(
                    f"--given {name} must be brought from Python",
                    "a condition that is an image among others",
                    f"Pass {{{name!r}: array}} to TrainedModel.generate.",
                )
            is_class = isinstance(condition, Categorical)
            given[name] = condition.given(value) if is_class else condition.parse(value)
        return given

    def _rows(self, name: str, value: Any) -> np.ndarray:
        """The values of a condition with the batch first; None, NaN and "" are one missing."""
        is_one = self._is_one(name, value)
        if is_one and _is_none(value):
            return np.asarray([None], dtype=object)
        return as_column([value] if is_one else value)

    def _is_one(self, name: str, value: Any) -> bool:
        """Whether value is one of a condition, not one a row.

        Raises:
            InputError: an unknown name, or rows of different lengths.
        """
        condition = self[name]
        try:
            return _is_none(value) or condition.is_one(value)
        except ValueError as error:
            raise InputError(
                f"{name!r} must have values of one shape", str(error), "Bring NaN for missing ones."
            ) from None

    def _checked(self, y: Any) -> np.ndarray:
        """Numbers that `encode` has made, (batch, dim)."""
        y = np.atleast_2d(np.asarray(y))
        if y.dtype.kind != "f" or y.shape[1:] != (self.dim,) or not np.isfinite(y).all():
            raise InputError(
                f"y must be {{name: values}} of the conditions {', '.join(self.names)}",
                f"{y.dtype} of shape {y.shape}",
                "Pass a dictionary.",
            )
        return y.astype("float32", copy=False)

    def __str__(self) -> str:
        return "; ".join(str(condition) for condition in self.conditions)


class Table(Frozen):
    """The columns of x where a row of a table is one x, side by side as the networks see them.

    Attributes:
        columns: in their order; none of their values may be missing.
        order: of all columns of the source, the conditions among them.
    """

    columns: Annotated[
        tuple[Annotated[Categorical | Continuous, Field(discriminator="kind")], ...],
        Field(min_length=1),
    ]
    order: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def dim(self) -> int:
        """Numbers that the networks see."""
        return sum(column.dim for column in self.columns)

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        """Of each column how it is distributed, "normal" or "categorical", and its numbers."""
        kinds = {"continuous": "normal", "categorical": "categorical"}
        return tuple((kinds[column.kind], column.dim) for column in self.columns)

    @property
    def integers(self) -> tuple[str, ...]:
        """The columns that hold whole numbers."""
        return tuple(c.name for c in self.columns if isinstance(c, Continuous) and c.integer)

    def encode(self, x: Mapping[str, Any]) -> np.ndarray:
        """(batch, dim) float32 of {name: (batch,) values}; columns beyond these are passed over.

        Raises:
            InputError: a column is absent, or a value missing or unfit.
        """
        parts = []
        for column in self.columns:
            if column.name not in x:
                raise InputError(
                    f"x must have the columns {', '.join(self.names)}",
                    f"{', '.join(map(str, x))}",
                    f"Add {column.name!r}.",
                )
            values = np.atleast_1d(as_column(x[column.name]))
            if (missing := is_missing(values)).any():
                raise InputError(
                    f"column {column.name!r} must have a value in each row",
                    f"{missing.sum():,} missing, the first in row {missing.argmax()}",
                    "Fill them, leave these rows out, or make the column a condition, which may "
                    "be missing.",
                )
            parts.append(column.encode_rows(_plain(values)))
        if len({len(part) for part in parts}) > 1:
            sizes = [f"{len(p):,} of {c.name!r}" for p, c in zip(parts, self.columns, strict=True)]
            raise InputError(
                "all columns of x must be equally long", ", ".join(sizes[:12]), "Even them out."
            )
        return np.concatenate(parts, axis=1)

    def decode(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """{name: (batch,) values} of (batch, dim), the inverse of `encode`."""
        columns, first = {}, 0
        for column in self.columns:
            columns[column.name] = column.decode_rows(x[:, first : first + column.dim])
            first += column.dim
        return columns

    def __str__(self) -> str:
        return "; ".join(str(column) for column in self.columns)


def is_missing(values: np.ndarray) -> np.ndarray:
    """(batch,) bool: NaN in a row of numbers, None or an empty text."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values).reshape(len(values), -1).any(axis=1))
    if values.dtype.kind in "OU":
        return np.asarray([v is None or v == "" or v != v for v in values.tolist()], dtype=bool)
    return np.zeros(len(values), dtype=bool)


def as_column(values: Any) -> np.ndarray:
    """An array in which None and NaN among texts stay what they are."""
    array = np.asarray(values)
    if array.dtype.kind == "U" and not isinstance(values, np.ndarray):
        return np.asarray(values, dtype=object)
    return array


def _is_none(value: Any) -> bool:
    """Whether one value is missing."""
    return value is None or (np.ndim(value) == 0 and bool(value == "" or value != value))


def _plain(values: np.ndarray) -> np.ndarray:
    """Values of Python objects as NumPy's numbers or texts."""
    return np.asarray(values.tolist()) if values.dtype.kind == "O" else values
