"""How a column is interpreted, and why: kind, missing values, format and spikes."""

import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from condvae.checks import InputError, check_choice, check_memory
from condvae.conditions.formats import PLAIN, CellFormat
from condvae.data.cells import CATEGORIES, CODE, MISSING, MISSING_NUMBER, read_numbers
from condvae.data.dates import find_dates, find_dates_of_digits, is_format, read_dates
from condvae.data.raw_columns import NUM_EXAMPLES, RawColumn

Kind = Literal["number", "class", "date", "boolean", "identifier", "text", "constant"]
TOLD = {"number": "number", "class": "class", "date": "date", "id": "identifier", "text": "text"}
WORD_KINDS = ("class", "id", "text")  # kinds to set for words, whatever the cells look like
LEFT_OUT = ("identifier", "text", "constant")  # of the model
FEW_WORDS = 0.05  # share of the cells: at most this many words among numbers are missing numbers
SPIKE = 0.02  # share of the rows
MOST_SPIKES = 8
# fewest rows for which it is telling that all cells differ, and fewer for words, which tell nothing
LEAST_ROWS, LEAST_NAMES = 20, 5
UNNAMED = "column 1"  # a first column without a name, as R and pandas write the names of rows
TEXT_LENGTH, TEXT_SPACES, TEXT_SHARE = 20, 2, 0.5  # mean letters, mean spaces, share of distinct
MANY_CLASSES = 100
BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}, {"on", "off"})
# "id", "PassengerId", "order_key", and not "paid"
KEY = re.compile(
    r"(?:^|[^a-zA-Z])(?:id|key|uuid|guid)$|(?i:^(?:id|key|uuid|guid)$)|[a-z](?:Id|ID|Key)$"
)
LIKELY_CODES = (-999, -9999, -99999, 9999, 99999, 999999)  # commonly used for a missing number


@dataclass(frozen=True)
class ColumnReading:
    """How a column was interpreted.

    Attributes:
        name: name of the column.
        taken_for: its kind. Dates are days or seconds since 1970; booleans keep their words.
            Identifiers, text and constants tell a model nothing.
        rows: number of cells.
        missing: number of missing cells.
        distinct: number of distinct values of the other cells.
        format: how its numbers or dates are written.
        spikes: (value, share of the rows) of those over 2 %, the most frequent first.
        examples: three cells as read.
        notes: decisions that could be different, each with the option that changes it.
    """

    name: str
    taken_for: Kind
    rows: int
    missing: int = 0
    distinct: int = 0
    format: CellFormat = PLAIN
    spikes: tuple[tuple[float | str, float], ...] = ()
    examples: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def left_out(self) -> bool:
        """Whether a model leaves it out."""
        return self.taken_for in LEFT_OUT


def told_kinds(kinds: Sequence[str], names: Collection[str]) -> dict[str, tuple[str, str]]:
    """{column: (kind, format of dates)} from text such as "zip:class" and "day:date:%d/%m/%Y".

    Raises:
        InputError: an unknown column or kind.
    """
    told = {}
    for text in kinds:
        found = re.fullmatch(r"(.*?):([^:]*)(?::(.*%.*))?", text, re.DOTALL)
        if not found:
            raise InputError(
                "`kinds` must name a column and a kind", repr(text), "Write --kind zip:class."
            )
        name, kind, written = found[1], found[2], found[3] or ""
        if name not in names and ":" in text and text.rpartition(":")[0] in names:
            name, kind = text.rpartition(":")[::2]
        check_choice(name, names, "the column of --kind")
        check_choice(kind, TOLD, f"the kind of {name!r}")
        if written and not is_format(written):
            raise InputError(
                f"the format of {name!r} must be one of dates",
                repr(written),
                "Write it with %Y, %m, %d, %b, %H, %M and %S.",
            )
        told[name] = kind, written
    return told


def understand(
    raw: RawColumn,
    told: tuple[str, str] | None,
    missing: Collection[str],
    decimal: str,
    likely: str = ".",
) -> tuple[np.ndarray, ColumnReading]:
    """The values of a column, float64 or str, and how it was interpreted.

    Args:
        raw: the column as read.
        told: its kind and date format, if set; None: decided by its cells.
        missing: values that stand for a missing cell, besides the usual ones.
        decimal: the decimal sign; empty: decided by the cells.
        likely: the decimal sign if the cells are ambiguous.
    """
    kind, written = told or ("", "")
    if raw.numbers is not None and kind not in WORD_KINDS:
        values = raw.numbers
        if absent := [number for token in missing if (number := as_number(token)) is not None]:
            values = np.where(np.isin(values, absent), np.nan, values)
        of, notes = CellFormat(decimals=raw.decimals, date=raw.date, days=raw.days), []
        if not (kind or raw.typed) and (dates := find_dates_of_digits(values)) is not None:
            values, of = dates.values, CellFormat(date=dates.format, days=True)
            kept = option_of("--kind", raw.name, "number")
            notes = [f"numbers such as {raw.words[0]} are taken as dates; {kept} keeps numbers"]
        return values, _of_numbers(raw, values, of, notes, bool(kind))
    if raw.numbers is not None:
        raw = numbers_as_words(raw)
    counts = np.bincount(raw.codes, minlength=len(raw.words))
    as_words = raw.typed or kind in WORD_KINDS
    absent = {"", *missing} | (set() if as_words else set(MISSING))
    present = np.array([word not in absent for word in raw.words], bool)
    words = [word for word, here in zip(raw.words, present, strict=True) if here]
    notes = [] if as_words else _notes_of_missing(raw, counts, missing)
    if not as_words or kind in ("number", "date"):
        found = _as_numbers_or_dates(
            *(raw.name, words, counts[present], kind, written, decimal, likely)
        )
        if found is not None:
            of_words, of, more = found
            values = np.full(len(raw.words), np.nan)
            values[present] = of_words
            rows = values[raw.codes]
            notes = more + _notes_of_words(raw, counts, values, absent)
            return rows, _of_numbers(raw, rows, of, notes, bool(kind))
    longest = max(map(len, words), default=0)
    check_memory(
        (len(raw.words) + len(raw.codes)) * 4 * longest,
        f"column {raw.name!r}, {len(raw.codes):,} cells as wide as the longest,",
    )
    kept = ["" if word in absent else word for word in raw.words]
    return np.array(kept)[raw.codes], _of_words(raw, words, counts, present, notes, kind)


def _as_numbers_or_dates(
    name: str,
    words: list[str],
    counts: np.ndarray,
    kind: str,
    written: str,
    decimal: str,
    likely: str,
) -> tuple[np.ndarray, CellFormat, list[str]] | None:
    """Words as numbers or dates, NaN for others; None if they are classes."""
    if not words:
        return None
    unread = np.array([word in MISSING_NUMBER for word in words])
    if kind == "date" or (not kind and not _has_codes(words)):
        known = [word for word, here in zip(words, ~unread, strict=True) if here]
        found = find_dates(known, counts[~unread]) if known and not written else None
        form = found.format if found else written
        dates = (
            read_dates(words, form)._replace(other=found.other if found else "") if form else None
        )
        if dates is not None and (not kind or not np.isnan(dates.values).all()):
            note = (
                f"the dates fit {dates.format} and {dates.other} alike; "
                f"{option_of('--kind', name, f'date:{dates.other}')} takes the other"
            )
            of = CellFormat(date=dates.format, days=dates.days)
            return dates.values, of, [note] * bool(dates.other)
        if kind == "date":
            raise InputError(
                "a column of dates must have one format",
                f"cells such as {words[:NUM_EXAMPLES]}",
                "Set it, such as --kind 'COLUMN:date:%d.%m.%Y'.",
            )
    if not kind and _has_codes(words):
        return None
    numbers = read_numbers(words, counts, decimal, likely)
    is_number = ~np.isnan(numbers.values)
    if kind == "number" and not is_number.any():
        raise InputError(
            "a column of numbers must hold numbers",
            f"cells such as {words[:NUM_EXAMPLES]}",
            "Leave --kind 'COLUMN:number' out.",
        )
    num_words, num_numbers = counts[~is_number & ~unread].sum(), counts[is_number].sum()
    if kind != "number" and not num_words < FEW_WORDS * (num_words + num_numbers):
        return None
    return numbers.values, numbers.format, [numbers.note] * bool(numbers.note)


def _has_codes(words: Sequence[str]) -> bool:
    """Whether a word is a number only in the sense of 007."""
    return any(CODE.fullmatch(word) for word in words)


def _of_numbers(
    raw: RawColumn, values: np.ndarray, of: CellFormat, notes: list[str], told: bool
) -> ColumnReading:
    """How numbers and dates were interpreted."""
    seen = values[~np.isnan(values)]
    distinct, counts = np.unique(seen, return_counts=True)
    spikes = _spikes(distinct.tolist(), counts, len(values))
    kind: Kind = "date" if of.date else "number"
    if not told:
        for code in LIKELY_CODES:
            at_end = len(distinct) > 2 and code in (distinct[0], distinct[-1])
            if at_end and not of.date:
                share = (seen == code).sum()
                notes.append(
                    f"{code} in {share:,} row(s) is taken as a number; "
                    f"{option_of('--missing', raw.name, str(code))} takes it as missing"
                )
        if len(distinct) < 2 and (len(seen) == len(values) or not len(seen)):
            kind = "constant"
        elif kind == "number" and (why := _why_key(raw, values, len(distinct))):
            kind = "identifier"
            notes.append(f"{why}: left out; {option_of('--kind', raw.name, 'number')} keeps it")
    return ColumnReading(
        *(raw.name, kind, len(values), len(values) - len(seen), len(distinct), of, spikes),
        tuple(raw.words[:NUM_EXAMPLES] if raw.numbers is not None else _examples(raw)),
        tuple(notes),
    )


def _of_words(
    raw: RawColumn,
    words: list[str],
    counts: np.ndarray,
    present: np.ndarray,
    notes: list[str],
    told: str,
) -> ColumnReading:
    """How words were interpreted."""
    rows, seen = len(raw.codes), int(counts[present].sum())
    kind: Kind = "class"
    if told:
        kind = TOLD[told]  # type: ignore[assignment]
    elif len(words) < 2 and (seen == rows or not seen):
        kind = "constant"
    elif {word.lower() for word in words} in BOOLEANS and len(words) == 2:
        kind = "boolean"
    elif seen >= min(_least_rows(raw), LEAST_NAMES) and len(words) > TEXT_SHARE * seen:
        letters = np.mean([len(word) for word in words])
        spaces = np.mean([word.count(" ") for word in words])
        if seen >= LEAST_ROWS and letters >= TEXT_LENGTH and spaces >= TEXT_SPACES:
            kind = "text"
        elif len(words) == seen:
            kind = "identifier"
        if kind != "class":
            what = "free text" if kind == "text" else "a distinct name in each row"
            notes.append(f"{what}: left out; {option_of('--kind', raw.name, 'class')} keeps it")
    if kind == "class" and len(words) > MANY_CLASSES:
        leaving_out = option_of("--ignore", raw.name)
        notes.append(f"{len(words):,} different words; {leaving_out} leaves them out")
    spikes = _spikes(words, counts[present], rows)
    of = CellFormat(boolean=kind == "boolean" and {*words} == {"true", "false"})
    return ColumnReading(
        *(raw.name, kind, rows, rows - seen, len(words), of, spikes),
        *(_examples(raw), tuple(notes)),
    )


def _least_rows(raw: RawColumn) -> int:
    """The fewest rows for which it is telling that all cells of a column differ."""
    return 2 if raw.name == UNNAMED else LEAST_ROWS


def _why_key(raw: RawColumn, values: np.ndarray, distinct: int) -> str:
    """Why numbers are keys of the rows; empty: they are not."""
    if not _least_rows(raw) <= len(values) == distinct:
        return ""
    if any((values == np.arange(first, first + len(values))).all() for first in (0, 1)):
        return "it counts the rows"
    if not (values == np.rint(values)).all() or values.min() < 0:
        return ""
    if raw.name == UNNAMED:
        return "a distinct number in each row, without a name"
    return "a distinct number in each row, named like a key" if KEY.search(raw.name) else ""


def _spikes(
    values: Sequence, counts: np.ndarray, rows: int
) -> tuple[tuple[float | str, float], ...]:
    """The most frequent values, each in several rows, and their shares."""
    order = np.argsort(-counts, kind="stable")[:MOST_SPIKES]
    shares = [(values[place], float(counts[place] / rows)) for place in order if counts[place] > 1]
    return tuple((value, share) for value, share in shares if share > SPIKE)


def _examples(raw: RawColumn) -> tuple[str, ...]:
    """The first three words that are not empty."""
    return tuple(word for word in raw.words[: 4 * NUM_EXAMPLES] if word)[:NUM_EXAMPLES]


def _notes_of_missing(raw: RawColumn, counts: np.ndarray, missing: Collection[str]) -> list[str]:
    """Notes on words that are read as missing though present, and on such that are not."""
    notes = []
    for word, count in zip(raw.words, counts.tolist(), strict=True):
        if word and word in MISSING and word not in missing:
            notes.append(
                f"{word!r} in {count:,} row(s) is taken as missing; "
                f"{option_of('--kind', raw.name, 'class')} keeps it as a class"
            )
        elif word in CATEGORIES and word not in missing:
            notes.append(
                f"{word!r} in {count:,} row(s) is a category of its own; "
                f"{option_of('--missing', raw.name, word)} takes it as missing"
            )
    return notes


def _notes_of_words(
    raw: RawColumn, counts: np.ndarray, values: np.ndarray, absent: Collection[str]
) -> list[str]:
    """The note on words among numbers that are read as missing."""
    unread = [
        (word, count)
        for word, count, value in zip(raw.words, counts.tolist(), values, strict=True)
        if np.isnan(value) and word not in absent
    ]
    if not unread:
        return []
    return [
        f"{sum(count for _, count in unread):,} cell(s) such as {unread[0][0][:40]!r} are taken as "
        f"missing; {option_of('--kind', raw.name, 'class')} keeps them, as classes"
    ]


def option_of(option: str, *parts: str) -> str:
    """An option with its value, as a shell takes it."""
    value = ":".join(parts)
    return f"{option} '{value}'" if "'" not in value else f"{option} {shlex.quote(value)}"


def read_cell(name: str, cell: str, of: CellFormat) -> float:
    """The number or date of one cell.

    Raises:
        InputError: it is neither.
    """
    if of.date:
        number = read_dates([cell], of.date).values[0]
    else:
        number = read_numbers([cell], np.ones(1), of.decimal).values[0]
        number = as_number(cell) if np.isnan(number) else number
    if number is None or np.isnan(number):
        what = "date" if of.date else "number"
        raise InputError(f"{name} must be a {what}", repr(cell), f"Write it as {of.cell(0.0)}.")
    return float(number)


def as_number(token: str) -> float | None:
    """A token as a number, if it is one."""
    try:
        return float(token)
    except ValueError:
        return None


def numbers_as_words(raw: RawColumn) -> RawColumn:
    """Numbers as words, from a file whose types say that they are numbers."""
    assert raw.numbers is not None  # noqa: S101
    of = CellFormat(date=raw.date, days=raw.days)
    distinct, codes = np.unique(raw.numbers, return_inverse=True)
    codes = codes.reshape(-1).astype(np.int32)
    return raw._replace(numbers=None, words=of.cells(distinct), codes=codes)
