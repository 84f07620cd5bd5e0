"""How the cells of a column are formatted: currencies, percentages, decimals, dates."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import numpy as np
from pydantic import Field

from condvae.files.frozen import Frozen

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400  # seconds
MOST_EXACT = 2**53  # larger integers are rounded in float64
FRACTION = re.compile(r"%(\d)f")  # of a second, with this many digits; `strftime` supports only six
CAPITALS = re.compile(r"%\^([bB])")  # which `strftime` supports on some systems only
# the units in a format of dates, the finest first, and their names in NumPy
FINENESS = {
    "f": "us",
    "S": "s",
    "M": "m",
    "H": "h",
    "I": "h",
    "d": "D",
    "j": "D",
    "m": "M",
    "b": "M",
    "q": "M",
}
MONTHS_OF_A_QUARTER = 3
MOST_SECONDS = 3e11  # beyond the year 9999


class CellFormat(Frozen):
    """How the numbers of a column are formatted as cells.

    Attributes:
        prefix: text before the digits, such as "$".
        suffix: text after the digits, such as "%".
        thousands: separator of groups of three digits; empty: none.
        decimal: decimal separator.
        decimals: number of decimals in each cell; None: as many as the number has.
        date: format of dates, as for `strftime`, with `%3f` for a fraction of three digits, `%q`
            for the quarter and `%^b` for the month in capitals; empty: the cells are numbers.
        days: whether dates are days since 1970-01-01 rather than seconds.
        boolean: whether the cells are the words true and false, which are booleans in files with
            types.
    """

    prefix: str = ""
    suffix: str = ""
    thousands: str = ""
    decimal: str = "."
    decimals: Annotated[int, Field(ge=0, le=20)] | None = None
    date: str = ""
    days: bool = False
    boolean: bool = False

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers in the notation of programs."""
        return (
            not (self.date or self.prefix or self.suffix or self.thousands) and self.decimal == "."
        )

    def cells(self, values: np.ndarray) -> list[str]:
        """The cells of (N,) numbers; an empty cell for NaN."""
        if self == PLAIN:
            return _plain(values)
        distinct, codes = np.unique(values, return_inverse=True)
        words = [self.cell(number) for number in distinct.tolist()]
        return [words[code] for code in codes.tolist()]

    def as_written(self, values: np.ndarray) -> np.ndarray:
        """(N,) float64 without information that cells do not show, such as the time of a day."""
        if not self.date:
            return values
        told = set(re.findall(r"%[-^\d]?(\w)", self.date.replace("B", "b")))
        unit = next((unit for directive, unit in FINENESS.items() if directive in told), "Y")
        second = DAY if self.days else 1
        seconds = np.clip(np.nan_to_num(values * second), -MOST_SECONDS, MOST_SECONDS)
        moments = np.rint(seconds * 1e6).astype("int64").view("M8[us]")
        floored = moments.astype(f"M8[{unit}]")
        if unit == "M" and not told & {"m", "b"}:
            floored = floored - floored.astype("int64") % MONTHS_OF_A_QUARTER
        floored = floored.astype("M8[us]").view("int64")
        return np.where(np.isnan(values), np.nan, floored / 1e6 / second)

    def cell(self, number: float) -> str:
        """The cell of one number."""
        if number != number:
            return ""
        return self._date(number) if self.date else self._number(number)

    def _number(self, number: float) -> str:
        """The cell of one number, with its sign before the prefix."""
        size = abs(number)
        if self.decimals is not None and size <= MOST_EXACT:
            digits = f"{size:,.{self.decimals}f}"
        elif size <= MOST_EXACT and size.is_integer():
            digits = f"{int(size):,}"
        else:
            digits = repr(size)
            if "." in digits and "e" not in digits:  # scientific notation has no separators
                whole, _, fraction = digits.partition(".")
                digits = f"{int(whole):,}.{fraction}"
        # all separators are replaced at once, since one may be another's replacement
        digits = digits.translate({ord(","): self.thousands, ord("."): self.decimal})
        sign = "-" if number < 0 and digits.strip("0.,") else ""
        return f"{sign}{self.prefix}{digits}{self.suffix}"

    def _date(self, number: float) -> str:
        """The cell of a date between the years 1 and 9999."""
        try:
            moment = EPOCH + timedelta(microseconds=round(number * (DAY if self.days else 1) * 1e6))
        except OverflowError:
            moment = datetime.max if number > 0 else datetime.min
        written = FRACTION.sub(lambda found: f"{moment:%f}"[: int(found[1])], self.date)
        written = written.replace("%q", str(-(-moment.month // MONTHS_OF_A_QUARTER)))
        written = CAPITALS.sub(lambda found: moment.strftime(f"%{found[1]}").upper(), written)
        return moment.strftime(written)

    def __str__(self) -> str:
        if self.date:
            return self.date
        facts = [f"'{self.prefix}' before", f"'{self.suffix}' after"]
        facts = [fact for fact in facts if "''" not in fact]
        facts += [f"thousands by {self.thousands!r}"] * bool(self.thousands)
        facts += [f"decimals by {self.decimal!r}"] * (self.decimal != ".")
        facts += [f"{self.decimals} decimal{'s' * (self.decimals != 1)}"] * bool(self.decimals)
        return ", ".join(facts)


def _plain(values: np.ndarray) -> list[str]:
    """As `PLAIN.cell` of each number, faster: Python's own texts of all whole numbers at once."""
    is_whole = (values == np.rint(values)) & (np.abs(values) <= MOST_EXACT)
    cells = [*map(str, np.where(is_whole, values, 0).astype("int64").tolist())]
    (others,) = np.nonzero(~is_whole)
    for row, number in zip(others.tolist(), values[others].tolist(), strict=True):
        cells[row] = repr(number) if number == number else ""
    return cells


PLAIN = CellFormat()
