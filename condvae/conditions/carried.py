"""Columns that no model learns, but that generated rows contain: constants and keys."""

import re
import uuid
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field

from condvae.conditions.missing import is_missing, plain
from condvae.files.frozen import Frozen

KEY = re.compile(r"(.*?)(\d{1,15})(\D*)", re.DOTALL)
UUID = re.compile(r"[0-9a-f]{8}(-?)([0-9a-f]{4}\1){3}[0-9a-f]{12}", re.IGNORECASE)


class Carried(Frozen):
    """A column of a table's file that is generated without a model.

    Attributes:
        name: name of the column.
        how: a "constant" has the same value in each row, a "count" increases by one per row,
            starting after all existing rows, a "uuid" is drawn at random.
        value: the constant, as a cell; or a UUID whose form is used.
        number: whether the constant, or the cells of a count, are numbers.
        prefix: for a count, text before the digits.
        suffix: for a count, text after the digits.
        width: for a count, smallest number of digits, padded with zeros.
        first: for a count, the first number.
    """

    name: str
    how: Literal["constant", "count", "uuid"]
    value: str = ""
    number: bool = False
    prefix: str = ""
    suffix: str = ""
    width: Annotated[int, Field(ge=1, le=15)] = 1
    first: Annotated[int, Field(ge=0)] = 1

    @classmethod
    def of_column(cls, name: str, values: np.ndarray) -> Self | None:
        """The column if it is constant or contains keys of rows; None if the keys have no rule.

        Args:
            name: name of the column.
            values: (N,) float64 or str, as read.
        """
        number = values.dtype.kind == "f"
        cells = [str(int(v)) if number and v.is_integer() else str(v) for v in values.tolist()]
        if len(set(cells)) == 1:
            return cls(name=name, how="constant", value=cells[0], number=number)
        if all(map(UUID.fullmatch, cells)):
            return cls(name=name, how="uuid", value=max(cells))
        found = [KEY.fullmatch(cell) for cell in cells]
        forms = {(match[1], match[3]) for match in found if match}
        if len(forms) != 1 or None in found:
            return None
        digits = [match[2] for match in found if match]
        width = min(map(len, digits)) if any(d[0] == "0" for d in digits) else 1
        ((prefix, suffix),) = forms
        first = max(map(int, digits)) + 1
        return cls(
            name=name,
            how="count",
            number=number,
            first=first,
            prefix=prefix,
            suffix=suffix,
            width=width,
        )

    def without_key(self) -> Self:
        """The column without the key of a real row: for a "uuid" only its form."""
        if self.how != "uuid":
            return self
        letter = "A" if self.value.isupper() else "a"
        return self.model_copy(update={"value": re.sub(r"\w", letter, self.value)})

    @classmethod
    def fill(cls, name: str, values: np.ndarray, seed: int) -> np.ndarray:
        """(N,) values of such a column, with keys in empty cells that no other row has."""
        empty = is_missing(values)
        found = cls.of_column(name, values[~empty]) if empty.any() and not empty.all() else None
        if found is None:
            return values
        filled = values.astype(object)
        filled[empty] = found.rows(slice(0, int(empty.sum())), np.random.default_rng(seed))
        return plain(filled)

    def rows(self, part: slice, rng: np.random.Generator) -> np.ndarray:
        """The column for some of the generated rows.

        Args:
            rng: generator for UUIDs.
        """
        count = part.stop - part.start
        if self.how == "constant":
            return np.full(count, float(self.value) if self.number else self.value)
        if self.how == "uuid":
            bits = rng.bytes(16 * count)
            parts = [bits[16 * row : 16 * row + 16] for row in range(count)]
            keys = [str(uuid.UUID(bytes=part, version=4)) for part in parts]
            keys = keys if "-" in self.value else [key.replace("-", "") for key in keys]
            return np.array([key.upper() if self.value.isupper() else key for key in keys])
        numbers = range(self.first + part.start, self.first + part.stop)
        if self.number:
            return np.array(numbers, np.float64)
        return np.array([f"{self.prefix}{n:0{self.width}}{self.suffix}" for n in numbers])
