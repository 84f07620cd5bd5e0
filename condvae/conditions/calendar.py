"""Moments as positions in calendar and clock, and back."""

from collections.abc import Callable, Mapping

import numpy as np

DAY = 86_400  # seconds
HOUR = 3_600
EPOCH_YEAR = 1970
THURSDAY = 3  # days after Monday; a week belongs to the year of its Thursday (ISO 8601)

Places = dict[str, np.ndarray]


def _first_day(months: np.ndarray) -> np.ndarray:
    """The first day of months since 1970-01."""
    return months.astype("int64").astype("M8[M]").astype("M8[D]").astype("int64")


def _month(days: np.ndarray) -> np.ndarray:
    """Months since 1970-01."""
    return days.astype("M8[D]").astype("M8[M]").astype("int64")


def _year(days: np.ndarray) -> np.ndarray:
    """The year in the Gregorian calendar."""
    return _month(days) // 12 + EPOCH_YEAR


def _first_week(years: np.ndarray) -> np.ndarray:
    """The week with the first Thursday of each year, counted from that of 1970-01-01."""
    return -(-_first_day((years - EPOCH_YEAR) * 12) // 7)


def _week(days: np.ndarray) -> np.ndarray:
    """Weeks counted from that of 1970-01-01, a Thursday; they start on Monday."""
    return (days + THURSDAY) // 7


def _week_year(days: np.ndarray) -> np.ndarray:
    """The year to which the week belongs."""
    return _year(_week(days) * 7)


# functions of days since 1970-01-01, periodic ones last; weekdays are counted from Monday, 0
OF_DAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "day": lambda days: days,
    "week": _week,
    "month": _month,
    "year of the week": _week_year,
    "year": _year,
    "week of the year": lambda days: _week(days) - _first_week(_week_year(days)) + 1,
    "month of the year": lambda days: _month(days) % 12 + 1,
    "day of the month": lambda days: days - _first_day(_month(days)) + 1,
    "weekday": lambda days: (days + THURSDAY) % 7,
}
# functions of seconds since midnight
OF_SECONDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "hour": lambda seconds: seconds // HOUR,
    "second of the hour": lambda seconds: seconds % HOUR,
}
CLOCK = ("hour", "second of the hour")


def places(moments: np.ndarray) -> Places:
    """{name: (N,) float64} positions of (N,) seconds since 1970, NaN for missing values."""
    known = ~np.isnan(moments)
    # in microseconds, so that a second minus the last bit is still that second
    exact = np.rint(moments[known] * 1e6).astype("int64")
    days, rest = np.divmod(exact, DAY * 10**6)
    found = {name: of(days) for name, of in OF_DAYS.items()}
    found |= {name: of(rest / 1e6) for name, of in OF_SECONDS.items()}
    whole = {name: np.full(len(moments), np.nan) for name in found}
    for name, values in found.items():
        whole[name][known] = values
    return whole


def moment(at: Mapping[str, np.ndarray]) -> np.ndarray:
    """(N,) seconds since 1970 from positions of the day and those of `CLOCK`; NaN if one is NaN.

    If a month has fewer days, or a year fewer weeks, the last one is used.
    """
    known = ~np.any([np.isnan(values) for values in at.values()], axis=0)
    whole = {name: values[known] for name, values in at.items()}
    seconds = HOUR * whole.pop("hour", 0) + whole.pop("second of the hour", 0)
    found = np.full(len(known), np.nan)
    found[known] = DAY * _days({name: np.rint(v).astype("int64") for name, v in whole.items()})
    found[known] += seconds
    return found


def _days(at: Places) -> np.ndarray:
    """Days since 1970-01-01."""
    if "day" in at:
        return at["day"]
    if "weekday" in at:
        week = at.get("week")
        if week is None:
            year = at["year of the week"]
            last = _first_week(year + 1) - 1
            week = np.minimum(_first_week(year) + at["week of the year"] - 1, last)
        return week * 7 - THURSDAY + at["weekday"]
    month = at.get("month")
    if month is None:
        month = (at["year"] - EPOCH_YEAR) * 12 + at["month of the year"] - 1
    return np.minimum(_first_day(month) + at["day of the month"], _first_day(month + 1)) - 1
