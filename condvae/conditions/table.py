"""The columns of x, where a row of a table is one x."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from condvae.checks import InputError
from condvae.conditions.missing import as_column, is_missing, plain
from condvae.conditions.registry import AnyColumn
from condvae.files.frozen import Frozen


class Table(Frozen):
    """The columns of x where a row of a table is one x, side by side as the networks see them.

    Attributes:
        columns: in their order; none of their values may be missing.
        order: of all columns of the source, the conditions among them.
    """

    columns: Annotated[tuple[AnyColumn, ...], Field(min_length=1)]
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
        return tuple((column.distribution, column.dim) for column in self.columns)

    @property
    def integers(self) -> tuple[str, ...]:
        """The columns that hold whole numbers."""
        return tuple(column.name for column in self.columns if column.integer)

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
            parts.append(column.encode_rows(plain(values)))
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
