"""The columns of a file before interpretation: plain numbers, or distinct words and codes.

Rows come in blocks. A block of plain numbers takes eight bytes per cell; any other block takes a
code for each cell, and each distinct word once, so that a million rows are not a million words.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from condvae.checks import check_memory
from condvae.data.cells import CODE, MISSING

BLOCK_ROWS = 16_384
WORD_BYTES = 180  # bytes of a word as a Python string and as a key, besides its letters
NUM_EXAMPLES = 3
PLAIN = re.compile(r"[-+0-9.eE\n]*")
PLAIN_CODE = re.compile(rf"(?m)^{CODE.pattern}$")

# names, and a list of cells for each row; a source can be read more than once
Source = Callable[[], tuple[list[str], Iterable[list[str]]]]


class RawColumn(NamedTuple):
    """Cells of one column.

    Attributes:
        name: name of the column.
        numbers: (N,) float64, NaN if missing; None for words.
        codes: (N,) positions in words.
        words: distinct words in order of first occurrence; for numbers, three examples.
        decimals: digits after the point, if all cells have equally many; None: they do not.
        typed: whether the file says that these are words, numbers, or dates.
        date: format of numbers that are dates.
        days: whether dates are days, not seconds.
    """

    name: str
    numbers: np.ndarray | None
    codes: np.ndarray
    words: list[str]
    decimals: int | None = None
    typed: bool = False
    date: str = ""
    days: bool = False


class _Cells:
    """A column that grows block by block."""

    def __init__(self, name: str, plain: bool, missing: frozenset[str]):
        self.name, self.plain, self.missing = name, plain, missing
        self.replaces = any(PLAIN.fullmatch(token) for token in missing if token)
        self.blocks: list[np.ndarray] = []
        self.places: dict[str, int] = {}
        self.decimals: set[int] = set()
        self.lost = False  # some blocks are numbers, whose words are gone
        self.num_bytes = 0

    def add(self, cells: Sequence[str]) -> None:
        """Add a block; whitespace around a cell is ignored."""
        numbers = self._numbers(cells) if self.plain else None
        if numbers is not None:
            self.blocks.append(numbers)
            if len(self.places) < NUM_EXAMPLES:
                for cell in map(str.strip, cells):
                    if cell and cell not in self.missing:
                        self.places.setdefault(cell, len(self.places))
                    if len(self.places) == NUM_EXAMPLES:
                        break
        else:
            if self.plain:
                self.lost, self.plain, self.places = bool(self.blocks), False, {}
            known, places = len(self.places), self.places
            try:
                codes = list(map(places.__getitem__, cells))
            except KeyError:  # a new word, or surrounding whitespace
                codes = [places.setdefault(cell, len(places)) for cell in map(str.strip, cells)]
            self.blocks.append(np.array(codes, np.int32))
            fresh = islice(reversed(places), len(places) - known)
            self.num_bytes += sum(WORD_BYTES + 4 * len(word) for word in fresh)
        self.num_bytes += self.blocks[-1].nbytes

    def column(self) -> RawColumn:
        """All blocks as one column."""
        joined = np.concatenate(self.blocks)
        words = list(self.places)
        if self.plain:
            fixed = self.decimals.pop() if len(self.decimals) == 1 else None
            decimals = fixed if fixed and fixed > 0 else None
            return RawColumn(self.name, joined, np.zeros(0, np.int32), words, decimals)
        return RawColumn(self.name, None, joined, words)

    def _numbers(self, cells: Sequence[str]) -> np.ndarray | None:
        """A block as numbers, if all cells are plain numbers or missing."""
        text = "\n".join(cells)
        # most blocks have nothing to strip or to replace, which one look at the whole shows
        if self.replaces or not PLAIN.fullmatch(text) or text.count("\n") >= len(cells):
            cells = ["" if cell in self.missing else cell for cell in map(str.strip, cells)]
            text = "\n".join(cells)
            if not PLAIN.fullmatch(text):
                return None
        if PLAIN_CODE.search(text):
            return None
        try:
            numbers = np.array([float(cell) if cell else np.nan for cell in cells])
        except ValueError:
            return None
        if not ("." in text or "e" in text or "E" in text):
            self.decimals.add(0)
            return numbers
        for cell in cells:
            if len(self.decimals) > 1:
                break  # they differ, whatever follows
            if cell:
                is_power = "e" in cell or "E" in cell
                self.decimals.add(-1 if is_power else len(cell.partition(".")[2]))
        return numbers


def gather(
    source: Source, as_words: frozenset[str], missing: frozenset[str], name: str
) -> tuple[list[RawColumn], int]:
    """The columns of a source, and their number of rows.

    Args:
        source: yields each row as one cell per name.
        as_words: columns to read as words, whatever their cells look like.
        missing: values that stand for a missing number, besides an empty cell.
        name: name of the file in error messages.

    Raises:
        InputError: more data than memory should hold, or an error of the source.
    """
    absent = missing | frozenset(MISSING)
    while True:
        names, rows = source()
        columns = [_Cells(column, column not in as_words, absent) for column in names]
        num_rows = 0
        for block in _blocks(rows):
            num_rows += len(block)
            for column, cells in zip(columns, zip(*block, strict=True), strict=True):
                column.add(cells)
            check_memory(2 * sum(column.num_bytes for column in columns), f"the cells of {name}")
        lost = frozenset(column.name for column in columns if column.lost)
        if not lost:
            return [column.column() for column in columns] if num_rows else [], num_rows
        as_words |= lost


def block_columns(
    names: Sequence[str],
    rows: Sequence[list[str]],
    as_words: frozenset[str],
    missing: frozenset[str],
) -> list[RawColumn]:
    """The columns of some rows only; arguments as for `gather`."""
    absent = missing | frozenset(MISSING)
    columns = [_Cells(column, column not in as_words, absent) for column in names]
    for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
        column.add(cells)
    return [column.column() for column in columns]


def _blocks(rows: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    """Rows in blocks."""
    iterator = iter(rows)
    while block := list(islice(iterator, BLOCK_ROWS)):
        yield block
