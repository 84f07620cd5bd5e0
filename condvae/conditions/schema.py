"""Several conditions by name, any of which may be missing."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from condvae.blocks import slices
from condvae.checks import InputError, check_choice
from condvae.conditions.categorical import Categorical
from condvae.conditions.condition import Condition
from condvae.conditions.missing import as_column, is_missing, is_none, plain
from condvae.conditions.part import Part
from condvae.conditions.registry import AnyPart
from condvae.conditions.takeover import Takeover, unchanged

MOST_CODES = 10_000  # largest number of codes in the combinations that a schema lists
MANY_ROWS = 2**16  # number of rows processed together


class Schema(Condition):
    """Conditions by name, encoded side by side, each followed by a bit: 1 if it is given.

    A missing condition is all zeros. Values are {name: one value, or one per row}; omitted names,
    None, NaN and empty strings are missing.

    Attributes:
        name: name of the conditions as a whole.
        conditions: the conditions, in the order in which the networks see them.
        combinations: combinations of classes in the training rows, as codes, one for each condition
            that is a class, -1 if missing; None if all combinations occur in the training rows, or
            if there are too many to list.
    """

    kind: Literal["schema"] = "schema"
    name: str = "conditions"
    conditions: tuple[AnyPart, ...]
    combinations: tuple[tuple[int, ...], ...] | None = None

    @model_validator(mode="after")
    def _different(self) -> Self:
        if len(set(self.names)) < len(self.conditions):
            raise ValueError("conditions must have different names")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The conditions' names."""
        return tuple(condition.name for condition in self.conditions)

    @property
    def dim(self) -> int:
        """Size of the networks' input: the conditions with a bit each, or a 0 without any."""
        return max(1, sum(condition.dim + 1 for condition in self.conditions))

    @property
    def by_name(self) -> Self:
        """The schema itself."""
        return self

    @property
    def leading(self) -> Categorical | None:
        """The first of the conditions that is a class."""
        return next((c.classes for c in self.conditions if c.classes is not None), None)

    def __getitem__(self, name: str) -> Part:
        """The condition of that name.

        Raises:
            InputError: there is no such condition; the message lists the known ones.
        """
        return self.conditions[self.names.index(check_choice(name, self.names, "the condition"))]

    @property
    def blocks(self) -> Iterator[tuple[Part, slice]]:
        """Each condition, and its slice in an encoded y; its bit follows."""
        first = 0
        for condition in self.conditions:
            yield condition, slice(first, first + condition.dim)
            first += condition.dim + 1

    @property
    def unconditional(self) -> np.ndarray:
        """Encoded y without any condition."""
        return np.zeros((1, self.dim), "float32")

    def counting(self, values: Callable[[str], Iterable[np.ndarray]]) -> Self:
        """Call `counting` on each condition, with the values that a function gives for its name."""
        counted = (one.counting(values(one.name)) for one in self.conditions)
        # a sample of the rows does not show which combinations are missing in all of them
        return self.model_copy(update={"conditions": tuple(counted), "combinations": None})

    def taken_over(self, before: Condition) -> Takeover | None:
        """Match conditions by name, and their values; a new condition starts as if never given."""
        if not isinstance(before, Schema):
            return None
        if self.conditions == before.conditions:
            return unchanged(*self.names)
        rows = np.zeros((self.dim, before.dim), "float32")
        known = {condition.name: (condition, block) for condition, block in before.blocks}
        kept, new, gone = [], [], []
        for condition, block in self.blocks:
            old, old_block = known.get(condition.name, (None, slice(0)))
            taken = None if old is None else condition.taken_over(old)
            if taken is None:
                new.append(condition.name)
                continue
            as_before = np.eye(condition.dim, dtype="float32")
            rows[block, old_block] = as_before if taken.rows is None else taken.rows
            rows[block.stop, old_block.stop] = 1  # the bit that marks it as given
            kept.append(condition.name)
            new += [f"{condition.name}={name}" for name in taken.new]
            gone += [f"{condition.name}={name}" for name in taken.dropped]
        gone += [name for name in before.names if name not in kept]
        return Takeover(rows, tuple(kept), tuple(new), tuple(gone)) if kept else None

    def is_one(self, y: Any) -> bool:
        """Whether y is one set of conditions rather than one per row."""
        if not isinstance(y, Mapping):
            return np.ndim(y) == 1
        return all(self._is_one(name, value) for name, value in y.items())

    def encode_rows(self, y: Mapping[str, Any], num_rows: int) -> np.ndarray:
        """As `encode`, for this number of rows, even if no condition is given."""
        encoded = self.encode(y)
        return np.repeat(encoded, num_rows, axis=0) if len(encoded) == 1 else encoded

    def encode(self, y: Any) -> np.ndarray:
        """The networks' input for y.

        Args:
            y: {name: value, or (batch,) values}; or (batch, dim) numbers from this method.

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
                "Pass one value, or one for each row.",
            )
        encoded = np.zeros((num_rows, self.dim), dtype="float32")
        for condition, block in self.blocks:
            column = columns.get(condition.name)
            if column is None:
                continue
            is_given = ~is_missing(column)
            if is_given.any():
                part = np.zeros((len(column), condition.dim + 1), dtype="float32")
                part[is_given, :-1] = condition.encode_rows(plain(column[is_given]))
                part[is_given, -1] = 1
                # a single value is broadcast to all rows by NumPy
                encoded[:, block.start : block.stop + 1] = part
        return encoded

    def outside(self, y: Any) -> list[str]:
        """Sentences for values outside the training rows.

        There is one for each such condition of {name: value, or (batch,) values}, and one for a
        combination of classes that no training row has.
        """
        sentences = []
        for name, value in y.items() if isinstance(y, Mapping) else ():
            values = self._rows(name, value)
            sentences += self[name].outside(plain(values[~is_missing(values)]))
        if self.combinations is not None and isinstance(y, Mapping):
            sentences += self._unseen(self._class_codes(y))
        return sentences

    def with_combinations(self, y: Mapping[str, Any]) -> Self:
        """The schema with the combinations of classes in the training rows, {name: values}."""
        if len(self._class_blocks) < 2:
            return self
        seen = np.unique(self._class_codes(y), axis=0)
        num_whole = (seen >= 0).all(axis=1).sum()
        possible = math.prod(classes.num_classes for classes, _ in self._class_blocks)
        if num_whole == possible or seen.size > MOST_CODES:
            return self
        return self.model_copy(update={"combinations": tuple(map(tuple, seen.tolist()))})

    @property
    def _class_blocks(self) -> list[tuple[Categorical, slice]]:
        """Each condition that is a class, and its slice in an encoded y."""
        return [(c.classes, block) for c, block in self.blocks if c.classes is not None]

    def _class_codes(self, y: Mapping[str, Any]) -> np.ndarray:
        """(batch, number of conditions that are classes) codes, -1 if missing."""
        names = [classes.name for classes, _ in self._class_blocks]
        encoded = self.encode({name: y[name] for name in names if name in y})
        codes = [
            np.where(encoded[:, block.stop] == 1, classes.codes_of(encoded[:, block]), -1)
            for classes, block in self._class_blocks
        ]
        return np.stack(codes, axis=1)

    def _unseen(self, codes: np.ndarray) -> list[str]:
        """A sentence for the first of (batch, ...) combinations that no training row has."""
        seen = np.asarray(self.combinations)
        for row in np.unique(codes, axis=0):
            given = row >= 0
            if given.sum() > 1 and not (seen[:, given] == row[given]).all(axis=1).any():
                named = " and ".join(
                    f"{classes.name}={classes.categories[code]}"
                    for (classes, _), code in zip(self._class_blocks, row, strict=True)
                    if code >= 0
                )
                return [f"no training row has {named} together: the model extrapolates"]
        return []

    def decode(self, encoded: np.ndarray) -> dict[str, np.ndarray]:
        """The values of encoded conditions by name; missing ones are NaN, or an empty string."""
        columns = {}
        for condition, block in self.blocks:
            values = condition.decode_rows(encoded[:, block])
            is_given = encoded[:, block.stop] == 1
            if not is_given.all():
                # integers have no NaN: with missing values they become strings
                values = values.astype(str if values.dtype.kind in "iU" else "float64")
                values[~is_given] = "" if values.dtype.kind == "U" else np.nan
            columns[condition.name] = values
        return columns

    def is_given(self, encoded: np.ndarray) -> dict[str, np.ndarray]:
        """For each condition, (batch,) bool: the rows of an encoded y that have it."""
        return {condition.name: encoded[:, block.stop] == 1 for condition, block in self.blocks}

    def filled(self, y: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Encoded y with its missing conditions filled from other rows."""
        y = y.copy()
        for _, block in self.blocks:
            rows, whole = y[:, block.stop] == 0, slice(block.start, block.stop + 1)
            y[rows, whole] = other[rows, whole]
        return y

    def only(self, y: np.ndarray, names: Collection[str]) -> np.ndarray:
        """Encoded y with the conditions of these names only."""
        y = np.array(y)
        for condition, block in self.blocks:
            if condition.name not in names:
                y[:, block.start : block.stop + 1] = 0
        return y

    def first_name(self, y: Any) -> tuple[str, ...]:
        """The name of the first condition; none if it is missing in a row of an encoded y."""
        for condition, block in self.blocks:
            given = (y[part, block.stop] == 1 for part in slices(len(y), MANY_ROWS))
            return (condition.name,) if all(part.all() for part in given) else ()
        return ()

    def drop(
        self, y: np.ndarray, rng: np.random.Generator, rate: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """y with conditions dropped: in a share `rate` of the rows only a random subset is kept.

        All subsets, including the empty one, are equally likely.

        Args:
            y: (batch, dim) encoded.

        Returns:
            y, and which of the conditions were kept, (batch, number of conditions) bool.
        """
        chosen = rng.random(len(y)) < rate
        kept = rng.random((len(y), len(self.conditions))) < 0.5
        # drawn for all rows, so that later draws do not depend on which rows are affected
        kept[~chosen] = True
        y = y.copy()
        for (_, block), keep in zip(self.blocks, kept.T, strict=True):
            y[~keep, block.start : block.stop + 1] = 0
        return y, kept

    def named_codes(self, y: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """The names and codes of the first condition that is a class, with "missing"."""
        for condition, block in self.blocks:
            if (classes := condition.classes) is not None:
                is_given = y[:, block.stop] == 1
                codes = np.where(is_given, classes.codes_of(y[:, block]), classes.num_classes)
                return (*classes.categories, "missing"), codes
        return super().named_codes(y)

    def strata(self, given: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        """The first condition that is a class and never missing; without one, a single stratum."""
        # in blocks, since rows on disk are encoded when they are read
        parts = [*slices(len(given), MANY_ROWS)]
        for condition, block in self.blocks:
            classes = condition.classes
            if classes is not None and all(given[part, block.stop].all() for part in parts):
                codes = [classes.codes_of(given[part, block]).astype("int32") for part in parts]
                return classes.categories, np.concatenate(codes)
        return super().strata(given)

    def described(self) -> dict[str, Any]:
        """The entry for a manifest, with the position of each condition, which its bit follows."""
        blocks = {
            condition.name: {"start": block.start, "stop": block.stop, "given": block.stop}
            for condition, block in self.blocks
        }
        return {**super().described(), "blocks": blocks}

    def for_page(self) -> dict[str, Any]:
        """A part for each condition."""
        parts = [condition.page_part(block.start, True) for condition, block in self.blocks]
        return {"kind": self.kind, "name": self.name, "parts": parts}

    def parse(self, texts: Sequence[str]) -> dict[str, Any]:
        """{name: value} from `--given name=value` on the command line.

        Raises:
            InputError: no name, a repeated name, or a value that does not fit.
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
            given[name] = self[name].given(value)
        return given

    def _rows(self, name: str, value: Any) -> np.ndarray:
        """The values of a condition, batch first; None, NaN and "" are missing values."""
        is_one = self._is_one(name, value)
        if is_one and is_none(value):
            return np.asarray([None], dtype=object)
        return as_column([value] if is_one else value)

    def _is_one(self, name: str, value: Any) -> bool:
        """Whether value is a single value of a condition rather than one per row.

        Raises:
            InputError: an unknown name, or rows of different lengths.
        """
        condition = self[name]
        try:
            return is_none(value) or condition.is_one(value)
        except ValueError as error:
            raise InputError(
                f"{name!r} must have values of one shape", str(error), "Use NaN for missing ones."
            ) from None

    def _checked(self, y: Any) -> np.ndarray:
        """Check numbers that `encode` has returned, (batch, dim)."""
        y = np.atleast_2d(np.asarray(y))
        if y.dtype.kind != "f" or y.shape[1:] != (self.dim,) or not np.isfinite(y).all():
            raise InputError(
                f"y must be {{name: values}} of the conditions {', '.join(self.names)}",
                f"{y.dtype} of shape {y.shape}",
                "Pass a dictionary.",
            )
        return y.astype("float32", copy=False)

    def __str__(self) -> str:
        return "; ".join(str(condition) for condition in self.conditions) or "nothing"
