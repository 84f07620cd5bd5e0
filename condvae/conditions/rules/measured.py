"""Facts about a column that rules need."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field

from condvae.checks import InputError
from condvae.conditions.continuous import MOST_DECIMALS, decimals_of
from condvae.conditions.formats import DAY, EPOCH, PLAIN, CellFormat
from condvae.conditions.missing import is_missing
from condvae.files.frozen import Frozen


class Measured(Frozen):
    """A column that a rule names.

    Attributes:
        holds: type of its cells.
        decimals: number of decimals, in units of the column; None: too many to count.
        low: smallest number in the training rows.
        high: largest number in the training rows.
        form: format of its numbers; dates are compared at its resolution.
    """

    holds: Literal["numbers", "dates", "words"]
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None
    low: float = 0.0
    high: float = 0.0
    form: CellFormat = PLAIN

    @classmethod
    def of(cls, values: np.ndarray, rows: np.ndarray, form: CellFormat) -> Self:
        """The column of (N,) cells, of which rows are the training rows."""
        if values.dtype.kind == "U":
            return cls(holds="words")
        seen = values[rows]
        seen = seen[~is_missing(seen)]
        low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 0.0)
        holds = "dates" if form.date else "numbers"
        return cls(holds=holds, decimals=decimals_of(seen), low=low, high=high, form=form)

    @property
    def scale(self) -> float:
        """The value of one unit of its numbers, in days for dates."""
        return 1.0 if self.holds == "numbers" or self.form.days else 1 / DAY

    @property
    def step(self) -> float:
        """The smallest difference of two of its numbers, scaled; 0 if unknown."""
        return 0.0 if self.decimals is None else 10.0**-self.decimals * self.scale

    def read(self, values: np.ndarray) -> np.ndarray:
        """Cells as they will be written; numbers as float64, NaN where empty."""
        if self.holds == "words":
            return values
        if values.dtype.kind == "U":  # classes that are numbers, with empty cells
            values = np.where(values == "", "nan", values)
        return self.form.as_written(values.astype("float64"))

    def rounded(self, values: np.ndarray) -> np.ndarray:
        """Numbers rounded like the column."""
        values = values if self.decimals is None else np.round(values, self.decimals)
        return self.form.as_written(values)

    def shown(self, value: float | str) -> str:
        """A cell in a message."""
        return repr(str(value)) if self.holds == "words" else self.form.cell(float(value))


def days_of(text: str) -> float:
    """Days since 1970 of an ISO date, with or without a time.

    Raises:
        InputError: the text is not such a date.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "a date in a rule must be written as in ISO 8601", repr(text), "Write '2020-01-31'."
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - EPOCH).total_seconds() / DAY
