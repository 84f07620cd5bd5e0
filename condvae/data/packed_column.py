"""Read a column of a table in blocks of rows, as the cells of a sample were interpreted."""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from pydantic import Field

from condvae.conditions.formats import PLAIN, CellFormat
from condvae.data.cells import MISSING, MISSING_NUMBER, read_numbers
from condvae.data.dates import OF_DIGITS, dates_of_digits, read_dates
from condvae.data.raw_columns import RawColumn
from condvae.data.reading import WORD_KINDS, as_number, numbers_as_words
from condvae.files.frozen import Frozen


class Cells(NamedTuple):
    """Some cells of a column.

    Attributes:
        values: (n,) float64, NaN if missing; or codes, positions in words.
        words: distinct words, "" for missing; None for numbers.
        read: number of cells that hold a number or a date.
        unread: number of cells that hold something else, which are missing.
        example: one of the unread cells.
    """

    values: np.ndarray
    words: list[str] | None = None
    read: int = 0
    unread: int = 0
    example: str = ""


class PackedColumn(Frozen):
    """A column, and how its cells are read.

    Attributes:
        name: name of the column.
        of_numbers: whether cells are numbers or dates, else words.
        format: how numbers or dates are written.
        absent: values that stand for a missing cell.
        stored: whether the column is in the pack; others are identifiers and text.
        constant: whether the sample held a single value.
    """

    name: str
    of_numbers: bool
    format: CellFormat = PLAIN
    absent: tuple[str, ...] = Field(default=("",))
    stored: bool = True
    constant: bool = False

    def cells(self, raw: RawColumn) -> Cells:
        """The cells of some rows of a column."""
        if self.of_numbers and raw.numbers is not None:
            absent = [number for token in self.absent if (number := as_number(token)) is not None]
            values = np.where(np.isin(raw.numbers, absent), np.nan, raw.numbers)
            if self.format.date in OF_DIGITS and not raw.date:
                values = dates_of_digits(values, self.format.date)
            return Cells(values, read=int((~np.isnan(values)).sum()))
        if raw.numbers is not None:
            raw = numbers_as_words(raw)
        absent = frozenset(self.absent)
        present = np.array([word not in absent for word in raw.words], bool)
        if not self.of_numbers:
            words = [word if here else "" for word, here in zip(raw.words, present, strict=True)]
            return Cells(raw.codes, words)
        words = [word for word, here in zip(raw.words, present, strict=True) if here]
        counts = np.bincount(raw.codes, minlength=len(raw.words))[present]
        if self.format.date:
            found = read_dates(words, self.format.date).values
        else:
            found = read_numbers(words, counts, of=self.format).values
        of_words = np.full(len(raw.words), np.nan)
        of_words[present] = found
        no_number = np.isnan(found)
        unread = [
            place for place in np.flatnonzero(no_number) if words[place] not in MISSING_NUMBER
        ]
        return Cells(
            of_words[raw.codes],
            None,
            int(counts[~no_number].sum()),
            int(counts[unread].sum()),
            words[unread[0]] if unread else "",
        )


def absent_words(told: str, typed: bool, missing: Collection[str]) -> tuple[str, ...]:
    """Values that stand for a missing cell in a column.

    Args:
        told: the kind that the user has set; empty: none.
        typed: whether the file's own types say that these are words.
        missing: what the user has set.
    """
    usual = () if typed or told in WORD_KINDS else MISSING
    return tuple(dict.fromkeys(("", *missing, *usual)))
