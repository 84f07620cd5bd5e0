"""Find the format of dates and times in cells, and parse them.

`strptime` needs a format and cannot find one; DuckDB's sniffer looks at a sample and does not
report when day and month could be swapped.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from condvae.conditions.formats import DAY, EPOCH

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
FULL_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
NUM_PROBED = 50  # words checked before a column is rejected as dates
LEAST_SHARE = 0.95  # share of the non-empty cells that a format must fit
CENTURY = 69  # two-digit years up to 68 are in this century, as in `strptime`

FIELDS = {
    "%Y": r"(?P<Y>[12]\d{3})",
    "%y": r"(?P<y>\d{2})",
    "%m": r"(?P<m>\d{2})",
    "%-m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{2})",
    "%-d": r"(?P<d>\d{1,2})",
    **dict.fromkeys(("%b", "%^b"), rf"(?P<b>{'|'.join(MONTHS)})"),
    **dict.fromkeys(("%B", "%^B"), rf"(?P<b>{'|'.join(FULL_MONTHS)})"),
    "%q": r"(?P<q>[1-4])",
    "%H": r"(?P<H>\d{2})",
    "%-H": r"(?P<H>\d{1,2})",
    "%I": r"(?P<H>\d{2})",
    "%-I": r"(?P<H>\d{1,2})",
    "%M": r"(?P<M>\d{2})",
    "%S": r"(?P<S>\d{2})",
    "%p": r"(?P<p>AM|PM)",
    **{f"%{digits}f": rf"(?P<f>\d{{{digits}}})" for digits in range(1, 7)},
}
ANY_FIELD = "|".join(map(re.escape, FIELDS))
FIELD = re.compile(ANY_FIELD)
# the date of a cell, its form, and its formats: if two fit, the first is used
FORMS = (
    (r"\d{4}([-/.])\d{1,2}\1\d{1,2}", ("%Y{0}%-m{0}%-d",)),
    (r"\d{1,2}(/)\d{1,2}\1\d{4}", ("%-m{0}%-d{0}%Y", "%-d{0}%-m{0}%Y")),
    (r"\d{1,2}([-.])\d{1,2}\1\d{4}", ("%-d{0}%-m{0}%Y", "%-m{0}%-d{0}%Y")),
    (r"\d{1,2}([/.])\d{1,2}\1\d{2}", ("%-m{0}%-d{0}%y", "%-d{0}%-m{0}%y")),
    (r"\d{4}(-)\d{2}", ("%Y{0}%m",)),
    (r"(?:19|20)\d{2}()[01]\d[0-3]\d", ("%Y%m%d",)),
    (r"\d{4}([- ]?q)[1-4]", ("%Y{0}%q",)),
    (r"q[1-4]([- /])\d{4}", ("Q%q{0}%Y",)),
    (r"\d{1,2}([- ]?)[a-z]+\1\d{4}", ("%-d{0}%b{0}%Y", "%-d{0}%B{0}%Y")),
    (r"\d{1,2}([- ])[a-z]+\1\d{2}", ("%-d{0}%b{0}%y",)),
    (r"[a-z]+( )\d{1,2}, ?\d{4}", ("%b{0}%-d, %Y", "%B{0}%-d, %Y")),
    (r"[a-z]+([- ])\d{1,2}\1\d{4}", ("%b{0}%-d{0}%Y", "%B{0}%-d{0}%Y")),
    (r"[a-z]+([- ])\d{4}", ("%b{0}%Y", "%B{0}%Y")),
)
CLOCK = re.compile(
    r"(?P<gap>[ T])(?P<hour>\d{1,2}):\d\d(?P<second>:\d\d)?(?P<fraction>\.\d{1,6})?"
    r"(?P<half> ?[AP]M)?(?P<zone>Z|[+-]\d\d:?\d\d| UTC)?",
    re.IGNORECASE | re.ASCII,
)


# formats of numbers that are dates, and how many different ones must be: one in thirty numbers of
# eight digits is a date, and one in eight of six is a month
OF_DIGITS = {"%Y%m%d": 3, "%Y%m": 10}
YEARS = (1900, 2100)


class Dates(NamedTuple):
    """Words as dates.

    Attributes:
        format: format of the dates.
        values: (N,) float64 days or seconds since 1970, NaN for words that are not dates.
        days: whether the values are days.
        other: another format that fits equally well; empty: none.
    """

    format: str
    values: np.ndarray
    days: bool
    other: str = ""


def find_dates(words: Sequence[str], counts: np.ndarray) -> Dates | None:
    """The format that fits almost all words, and their dates; None if there is none.

    Args:
        words: distinct words, none of them missing.
        counts: (N,) number of cells that hold each.
    """
    formats = _formats(words[:NUM_PROBED])
    found = [read_dates(words, written) for written in formats]
    shares = [counts[~np.isnan(dates.values)].sum() / counts.sum() for dates in found]
    if not found or max(shares) < LEAST_SHARE:
        return None
    best = int(np.argmax(shares))
    also = [dates.format for k, dates in enumerate(found) if k != best and shares[k] == max(shares)]
    return found[best]._replace(other=also[0] if also else "")


def find_dates_of_digits(numbers: np.ndarray) -> Dates | None:
    """The dates of (N,) numbers such as 20201231 or 202012, NaN where missing; None if one is none.

    Numbers are told apart from dates by the day and the month, so that some must be different.
    """
    distinct = np.unique(numbers[~np.isnan(numbers)])
    for written, least in OF_DIGITS.items():
        if len(distinct) >= least and not np.isnan(dates_of_digits(distinct, written)).any():
            return Dates(written, dates_of_digits(numbers, written), days=True)
    return None


def dates_of_digits(numbers: np.ndarray, written: str) -> np.ndarray:
    """(N,) days since 1970 of (N,) numbers in one of these formats, NaN for others."""
    digits = np.nan_to_num(numbers if written == "%Y%m%d" else numbers * 100 + 1)
    (year, rest), (first, last) = np.divmod(digits, 10_000), YEARS
    month, day = np.divmod(rest, 100)
    known = (first <= year) & (year <= last) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(known, (year - EPOCH.year) * 12 + month - 1, 0).astype("int64")
    start, end = (m.astype("M8[M]").astype("M8[D]").astype("int64") for m in (months, months + 1))
    known &= (day == np.rint(day)) & (start + day <= end)
    return np.where(known, start + day - 1, np.nan)


def read_dates(words: Sequence[str], written: str) -> Dates:
    """Parse words by a format, whose fields may have one digit or two."""
    loose = re.sub(r"%([mdHI])", r"%-\1", written)
    parts = FIELD.split(loose)
    fields = FIELD.findall(loose)
    # a field between each two literal parts
    pattern = re.escape(parts[0]) + "".join(
        FIELDS[field] + re.escape(part) for field, part in zip(fields, parts[1:], strict=True)
    )
    compiled = re.compile(pattern, re.IGNORECASE | re.ASCII)
    days = "%M" not in written
    found = [compiled.fullmatch(word) for word in words]
    seconds = np.array([_seconds(match) for match in found], np.float64)
    padded = not any(map(_is_short, found))
    exact = re.sub(r"%-([mdHI])", r"%\1", written) if padded else loose
    months = [match.groupdict().get("b") or "" for match in found if match]
    if months and all(map(str.isupper, months)):
        exact = re.sub(r"%([bB])", r"%^\1", exact)
    return Dates(exact, seconds / DAY if days else seconds, days)


def is_format(written: str) -> bool:
    """Whether a text has date or time fields, and only known ones."""
    return bool(FIELD.search(written)) and "%" not in FIELD.sub("", written)


def _formats(words: Sequence[str]) -> list[str]:
    """Candidate formats of the first word that looks like a date, if most others do too."""
    for form, names in FORMS:
        compiled = re.compile(f"({form})(.*)".replace(r"\1", r"\2"), re.IGNORECASE | re.ASCII)
        found = [compiled.fullmatch(word) for word in words]
        fitting = [match for match in found if match and _clock(match[match.re.groups]) is not None]
        if len(fitting) * 2 > len(words):
            clocks = [_clock(match[match.re.groups]) or "" for match in fitting]
            usual = max(set(clocks), key=clocks.count)
            return [name.format(fitting[0][2]) + usual for name in names]
    alone = [clock[1:] for word in words if (clock := _clock(f" {word}"))]
    return [max(set(alone), key=alone.count)] if len(alone) * 2 > len(words) else []


def _clock(text: str) -> str | None:
    """The format of the time after a date; empty: there is none; None: it is not a time."""
    if not text:
        return ""
    found = CLOCK.fullmatch(text)
    if not found:
        return None
    half = found["half"] or ""
    hour = "%-I" if half else "%-H"
    second = ":%S" if found["second"] else ""
    fraction = f".%{len(found['fraction']) - 1}f" if found["fraction"] else ""
    return (
        f"{found['gap']}{hour}:%M{second}{fraction}"
        f"{half[:-2] + '%p' if half else ''}{found['zone'] or ''}"
    )


def _seconds(found: re.Match[str] | None) -> float:
    """Days or seconds since 1970 of a word that fits; NaN for others and for 30 February."""
    if not found:
        return np.nan
    field = found.groupdict()
    year = int(field.get("Y", EPOCH.year))  # of a time without a date, which counts from that day
    if "y" in field:
        year = int(field["y"]) + (2000 if int(field["y"]) < CENTURY else 1900)
    month = int(field.get("m", 3 * int(field.get("q", 1)) - 2))
    month = MONTHS.index(field["b"][:3].lower()) + 1 if "b" in field else month
    hour = int(field.get("H", 0))
    if "p" in field:
        if not 1 <= hour <= 12:
            return np.nan
        hour = hour % 12 + 12 * (field["p"].upper() == "PM")
    try:
        moment = datetime(
            *(year, month, int(field.get("d", 1)), hour),
            *(int(field.get("M", 0)), int(field.get("S", 0))),
            int(field.get("f", "0").ljust(6, "0")),
            tzinfo=UTC,
        )
    except ValueError:
        return np.nan
    return (moment - EPOCH).total_seconds()


def _is_short(found: re.Match[str] | None) -> bool:
    """Whether a day, a month or an hour has one digit."""
    return bool(found) and any(len(found.groupdict().get(name) or "00") < 2 for name in "mdH")
