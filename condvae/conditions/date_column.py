"""A column of dates, which the networks see as positions in calendar and clock."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from condvae.checks import InputError
from condvae.conditions.calendar import CLOCK, DAY, moment, places
from condvae.conditions.missing import is_missing
from condvae.conditions.number_column import LEAST_ROWS_A_VALUE, MOST_VALUES, NumberColumn
from condvae.files.frozen import Frozen

WEEKDAYS, MONTHDAYS = 7, 31
# names of weeks and months, of their years, of their positions in the year, and the number of these
BY_WEEK = ("week", "year of the week", "week of the year", 53)
BY_MONTH = ("month", "year", "month of the year", 12)
# Seasons are used if this is at most the cost of modelling years independently, nats per row.
SEASON = 0.1
FEW_DAYS = 2  # a range in which no hour of the day recurs


class DateColumn(Frozen):
    """Dates, each represented by several numbers, such as week, weekday and hour.

    Days of the week, hours and seasons have different frequencies, and other columns depend on
    them, which a number of seconds does not show. The dates determine which positions represent a
    day, see `fitted`.

    Attributes:
        name: name of the column.
        days: whether cells are days since 1970 rather than seconds.
        parts: positions that vary, each a column of numbers; the first is empty if the date is.
        fixed: positions that are constant.
        first: the earliest date, as a cell.
        last: the latest date, as a cell.
    """

    of_numbers: ClassVar = True
    integer: ClassVar = False

    name: str
    days: bool
    parts: Annotated[tuple[str, ...], Field(min_length=1)]
    fixed: dict[str, float]
    first: float
    last: float

    @classmethod
    def fitted(cls, name: str, values: np.ndarray, rows: np.ndarray, days: bool) -> Self | None:
        """The column with (N,) float64 values, NaN where empty; None if a single number is better.

        A day is represented by its weekday, or by its position in the month if the frequencies of
        days differ more within months than within weeks; the week (or month) is represented by year
        and season if these are almost independent. A day is a single number if the frequencies of
        single days explain more than all of these.

        Args:
            rows: the training rows.
        """
        seen = values[rows]
        seen = seen[~np.isnan(seen)]
        second = DAY if days else 1
        if np.ptp(seen) * second < FEW_DAYS * DAY:
            return None
        at = places(seen * second)
        names = (*_way(at), *CLOCK)
        varying = tuple(part for part in names if np.ptp(at[part]))
        if varying == ("day",):
            return None
        return cls(
            name=name,
            days=days,
            parts=varying,
            fixed={part: float(at[part][0]) for part in names if part not in varying},
            first=float(seen.min()),
            last=float(seen.max()),
        )

    def columns(self, values: np.ndarray, rows: np.ndarray, scaling: str) -> Iterator[NumberColumn]:
        """The columns of its parts; arguments as in `NumberColumn.fitted`."""
        may_miss = bool(is_missing(values[rows]).any())
        for part, (name, numbers) in zip(self.parts, self.split(values).items(), strict=True):
            column = NumberColumn.fitted(name, numbers, rows, scaling)
            few = np.unique(numbers[rows][~np.isnan(numbers[rows])])
            if len(few) <= MOST_VALUES and part not in ("week", "month", "second of the hour"):
                # even if each value is rare: a year that is not a state would share the state of
                # the others
                column = column.model_copy(update={"points": tuple(few.tolist()), "knots": None})
            yield column.model_copy(update={"may_miss": may_miss and part == self.parts[0]})

    def split(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """{name of a part's column: (batch,) numbers} from (batch,) cells."""
        try:
            at = places(np.asarray(values, "float64") * self._second)
        except ValueError:
            raise InputError(
                f"column {self.name!r} must hold {'days' if self.days else 'seconds'} since 1970",
                repr(np.asarray(values).reshape(-1)[:3].tolist())[:80],
                "Read the table with condvae, or convert its dates.",
            ) from None
        return {self.column_of(part): at[part] for part in self.parts}

    def join(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """(batch,) cells, between the first and the last, from the columns of its parts."""
        return np.clip(self._dates(columns), self.first, self.last)

    def impossible(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """(batch,) bool: the parts form no date, such as 30 February, or are out of range."""
        dates, at = self._dates(columns), self.split(self._dates(columns))
        differs = [~np.isclose(at[name], columns[name]) for name in at]
        wrong = np.any(differs, axis=0) | (dates < self.first) | (dates > self.last)
        return wrong & ~np.isnan(dates)

    def given(self, text: str) -> float:
        """The cell in `--given` on the command line."""
        return float(text)

    def column_of(self, part: str) -> str:
        """The name of the column of a part."""
        return f"{self.name}, {part}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of its parts."""
        return tuple(map(self.column_of, self.parts))

    @property
    def _second(self) -> int:
        return DAY if self.days else 1

    def _dates(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """(batch,) cells, NaN if a part is NaN."""
        at = {part: columns[self.column_of(part)] for part in self.parts}
        fixed = {part: np.full(len(at[self.parts[0]]), v) for part, v in self.fixed.items()}
        return moment(at | fixed) / self._second

    def __str__(self) -> str:
        return f"{self.name}: dates, by {', '.join(self.parts)}"


def _way(at: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """The positions that represent the days best."""
    count, month = len(at["day"]), at["month"].astype("int64").astype("M8[M]")
    lengths = ((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype("int64")
    in_month = _evidence(at["day of the month"], MONTHDAYS)
    in_week = _evidence(at["weekday"], WEEKDAYS)
    if in_month + np.log(lengths).sum() > max(in_week + count * math.log(WEEKDAYS), 0):
        whole, year, season, size = BY_MONTH
        day, of_day = "day of the month", in_month
    else:
        whole, year, season, size = BY_WEEK
        day, of_day = "weekday", in_week

    def smooth(part: str, size: float) -> float:
        return max(_evidence(at[part], size), -count * math.log(size))

    def range_of(part: str) -> float:
        return np.ptp(at[part]) + 1

    of_whole = smooth(whole, range_of(whole))
    of_season = smooth(year, range_of(year)) + smooth(season, size) + count * SEASON
    if _evidence(at["day"], range_of("day")) > max(of_whole, of_season) + of_day:
        return ("day",)
    enough = count >= size * LEAST_ROWS_A_VALUE
    return (year, season, day) if enough and of_season > of_whole else (whole, day)


def _evidence(values: np.ndarray, size: float) -> float:
    """Log-probability of values, out of size possible ones, with unknown frequencies, nats.

    Source: Krichevsky & Trofimov 1981, the Dirichlet prior of 1/2.
    """
    counts = np.unique(values, return_counts=True)[1].tolist()
    seen = sum(math.lgamma(count + 0.5) - math.lgamma(0.5) for count in counts)
    return seen + math.lgamma(size / 2) - math.lgamma(len(values) + size / 2)
