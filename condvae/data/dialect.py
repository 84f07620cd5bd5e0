"""The compression, encoding and delimiter of a text file, from its first bytes.

DuckDB's sniffer reads a file with one long row as a single column of lines, and `csv.Sniffer` may
choose a letter as the delimiter; here a delimiter must divide all rows equally.
"""

import codecs
import csv
import gzip
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn

from condvae.checks import InputError

DELIMITERS = ",;\t|"
SPACE = " "  # divides cells where nothing else does, and most cells are numbers
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|NA|NaN")
LEAST_ROWS = 3  # that show that spaces divide them
SAMPLE_BYTES = 2**18
MOST_RECORD = 2**21  # characters of one row, all of which are in memory at once
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Encoding(NamedTuple):
    """The encoding of a file, and a note about it."""

    name: str
    note: str = ""


def open_packed(path: Path) -> BinaryIO:
    """The bytes of a file, decompressed if its first bytes are those of gzip or Zstandard."""
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b":
        return gzip.open(path)  # type: ignore[return-value]
    if magic == b"\x28\xb5\x2f\xfd":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        return zstd.open(path)  # type: ignore[return-value]
    return open(path, "rb")


def find_encoding(path: Path, told: str = "") -> Encoding:
    """The encoding of a text file: the given one, or UTF-8, UTF-16 or cp1252.

    Raises:
        InputError: an unknown encoding, or damaged UTF-8.
    """
    if told:
        try:
            return Encoding(codecs.lookup(told).name)
        except LookupError:
            raise InputError(
                "`encoding` must be an encoding that Python knows",
                repr(told),
                "Use utf-8, latin-1, cp1252 or utf-16.",
            ) from None
    with open_packed(path) as file:
        head = file.read(4)
        for mark, name in MARKS:
            if head.startswith(mark):
                return Encoding(name)
        if len(head) == 4 and head[0] and not head[1] and head[2] and not head[3]:
            return Encoding("utf-16-le")
        decoder, num_lines, letters = codecs.getincrementaldecoder("utf-8")(), 1, False
        block = head
        try:
            while block:
                text = decoder.decode(block)
                letters = letters or not text.isascii()
                num_lines += text.count("\n")
                block = file.read(SAMPLE_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            before = block[: error.start] if len(error.object) == len(block) else b""
            if letters or not before.isascii():
                line = num_lines + before.count(b"\n")
                raise InputError(
                    f"{path} must be text in one encoding",
                    f"UTF-8 up to line {line}, followed by bytes that are not UTF-8",
                    "Copy it again, or pass --encoding latin-1.",
                ) from None
        else:
            return Encoding("utf-8")
    return Encoding("cp1252", "not in UTF-8: read as cp1252; set another with --encoding")


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """The text of a file with its line ends unchanged; five bytes of cp1252 have no meaning."""
    errors = "replace" if encoding == "cp1252" else "strict"
    return io.TextIOWrapper(open_packed(path), encoding, errors, newline="")


def find_delimiter(path: Path, encoding: str, usual: str) -> str:
    """The delimiter that divides all of the first rows like the header, else the usual one."""
    with open_text(path, encoding) as file:
        sample = file.read(SAMPLE_BYTES)
    whole = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    best, delimiter = (0.0, 0), usual
    for choice in sorted(DELIMITERS, key=lambda sign: sign != usual):
        try:
            widths = [
                len(row) for row in csv.reader(io.StringIO(whole, ""), delimiter=choice) if row
            ]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            alike = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
            if alike[0] == 1 and choice == usual:
                return choice
            if alike > best:
                best, delimiter = alike, choice
    return SPACE if best[0] < 1 and _has_columns_of_spaces(whole) else delimiter


def _has_columns_of_spaces(text: str) -> bool:
    """Whether spaces divide all rows alike, into cells most of which are numbers."""
    try:
        header, *rows = [row for row in _divided(io.StringIO(text, ""), SPACE) if row]
    except (csv.Error, ValueError):
        return False
    widths, cells = {len(row) for row in rows}, [cell for row in rows for cell in row]
    # the names of rows may have no name
    alike = len(widths) == 1 and max(widths) - len(header) in (0, 1) and max(widths) > 1
    are_numbers = sum(bool(NUMBER.fullmatch(cell)) for cell in cells) * 2 > len(cells)
    return alike and are_numbers and len(rows) >= LEAST_ROWS


def _divided(lines: Iterable[str], delimiter: str, strict: bool = False) -> Iterator[list[str]]:
    """The cells of rows; several spaces divide them like one."""
    of_spaces = delimiter == SPACE
    rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=not of_spaces, strict=strict)
    return ([cell for cell in row if cell] for row in rows) if of_spaces else rows


class Records:
    """The rows of a delimited text, each with its number; one at a time in memory.

    Attributes:
        number: number of the last row that was read; the header is row 1.
    """

    def __init__(self, file: io.TextIOWrapper, delimiter: str, path: Path):
        self.file, self.path, self.number, self._held = file, path, 0, 0
        self._reader = _divided(self._lines(), delimiter, strict=True)

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        self.number += 1
        self._held = 0
        try:
            return next(self._reader)
        except csv.Error as error:
            self.refuse(str(error), "Double each quote inside a quoted cell.")

    def refuse(self, what: str, remedy: str) -> NoReturn:
        """Raise for the row that was read last."""
        raise InputError(
            f"each row of {self.path} must be whole",
            f"{what} in row {self.number} (the header is row 1)",
            remedy,
        )

    def _lines(self) -> Iterator[str]:
        """The lines of the file; a row that does not end is cut off at a limit."""
        while line := self.file.readline(MOST_RECORD):
            self._held += len(line)
            if self._held >= MOST_RECORD:
                self.refuse(
                    f"over {MOST_RECORD:,} characters",
                    "Close its quotes; a row of more cells than that is no table.",
                )
            if "\0" in line:
                self.refuse("a byte of zero", "Save it as text, or pass --encoding utf-16.")
            yield line
