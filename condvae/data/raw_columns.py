"""The columns of a file before they are understood: plain numbers, or different words and codes.

Rows come in blocks. A block of plain numbers takes eight bytes a cell, any other a code for each
cell and each different word once, so that a million rows are no million words.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from condvae.checks import check_memory
from condvae.data.cells import CODE, MISSING

BLOCK_ROWS = 16_384
WORD_BYTES = 180  # of a word as one of Python's and as a key, besides its letters
NUM_EXAMPLES = 3
PLAIN = re.compile(r"[-+0-9.eE\n]*")
PLAIN_CODE = re.compile(rf"(?m)^{CODE.pattern}$")

# names, and lists of cells, one for each row; a source can be read more than once
Source = Callable[[], tuple[list[str], Iterable[list[str]]]]


class RawColumn(NamedTuple):
    """Cells of one column.

    Attributes:
        name: of the column.
        numbers: (N,) float64, NaN where missing; None of words.
        codes: (N,) places in words.
        words: different ones, in the order in which they come first; of numbers three examples.
        decimals: digits after the point, the same ones in each cell; None: not the same.
        typed: the file says that these are words, numbers, or dates.
        date: the format of numbers that are dates.
        days: these are days, not seconds.
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
    """A column that grows by blocks."""

    def __init__(self, name: str, plain: bool, missing: frozenset[str]):
        self.name, self.plain, self.missing = name, plain, missing
        self.replaces = any(PLAIN.fullmatch(token) for token in missing if token)
        self.blocks: list[np.ndarray] = []
        self.places: dict[str, int] = {}
        self.decimals: set[int] = set()
        self.lost = False  # some blocks are numbers, and their words are gone
        self.num_bytes = 0

    def add(self, cells: Sequence[str]) -> None:
        """One block more; blanks around a cell do not count."""
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
            except KeyError:  # a new word, or blanks
                codes = [places.setdefault(cell, len(places)) for cell in map(str.strip, cells)]
            self.blocks.append(np.array(codes, np.int32))
            fresh = islice(reversed(places), len(places) - known)
            self.num_bytes += sum(WORD_BYTES + 4 * len(word) for word in fresh)
        self.num_bytes += self.blocks[-1].nbytes

    def column(self) -> RawColumn:
        """All blocks in one."""
        joined = np.concatenate(self.blocks)
        words = list(self.places)
        if self.plain:
            fixed = self.decimals.pop() if len(self.decimals) == 1 else None
            decimals = fixed if fixed and fixed > 0 else None
            return RawColumn(self.name, joined, np.zeros(0, np.int32), words, decimals)
        return RawColumn(self.name, None, joined, words)

    def _numbers(self, cells: Sequence[str]) -> np.ndarray | None:
        """A block as numbers, if all cells are plain ones or missing."""
        text = "\n".join(cells)
        # most blocks have nothing to strip or to replace, which a look at the whole tells
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
                break  # they are not the same, whatever follows
            if cell:
                is_power = "e" in cell or "E" in cell
                self.decimals.add(-1 if is_power else len(cell.partition(".")[2]))
        return numbers


def gather(
    source: Source, as_words: frozenset[str], missing: frozenset[str], name: str
) -> tuple[list[RawColumn], int]:
    """The columns of a source, and the number of their rows.

    Args:
        source: gives each row as many cells as there are names.
        as_words: columns of words, whatever their cells look like.
        missing: what stands for a missing number, besides an empty cell.
        name: of the file, in errors.

    Raises:
        InputError: more than memory should hold, or what the source raises.
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
    """The columns of some rows by themselves; arguments as of `gather`."""
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
