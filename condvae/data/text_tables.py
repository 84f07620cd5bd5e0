"""Delimited text and JSON lines as rows of cells."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from condvae.checks import InputError, check_memory
from condvae.data.dialect import MOST_RECORD, Records, find_delimiter, find_encoding, open_text
from condvae.data.raw_columns import Source

MOST_COLUMNS = 20_000
NUMBER_NAME = re.compile(r"-?\d+([.,]\d+)?([eE][-+]?\d+)?")
NUM_NAMED = 3  # rows or columns named in a message
NUM_PROBED, LEAST_PROBED = 100, 3  # rows that show whether the header lacks a name


def delimited(
    path: Path, usual: str, delimiter: str, encoding: str, notes: list[str]
) -> tuple[Source, list[str], str]:
    """The rows of a CSV or similar file, the names of its columns, and its delimiter.

    Args:
        path: path of the file, compressed or not.
        usual: the usual delimiter for its suffix.
        delimiter: the delimiter; empty: detected.
        encoding: encoding of its text; empty: detected.
        notes: findings are appended here, once.
    """
    found = find_encoding(path, encoding)
    if len(delimiter) > 1:
        delimiter = delimiter.replace("\\t", "\t")
    divided = delimiter or find_delimiter(path, found.name, usual)
    notes += [found.note] * bool(found.note)
    if divided != usual:
        notes.append(f"cells are separated by {divided!r}; set another with --delimiter")
    with open_text(path, found.name) as file:
        whole = (row for row in Records(file, divided, path) if row)
        header = next(whole, [""])
        first = list(islice(whole, NUM_PROBED))
    has_header = not _is_data(header)
    if not has_header:
        notes.append("the first row is data, since it holds a number twice: columns are numbered")
        header = [""] * len(header)
    if _lacks_a_name(header, first):
        notes.append("all rows have a cell more than the header: the first column has no name")
        header = ["", *header]
    names = unique_names(header, notes)
    told: set[str] = set()

    def rows() -> Iterator[list[str]]:
        short: list[int] = []
        with open_text(path, found.name) as file:
            records = Records(file, divided, path)
            if has_header:
                next((row for row in records if row), None)
            for row in records:
                if not row and len(names) > 1:
                    continue  # a blank line; in a single column it is a missing cell
                if len(row) > len(names) and not "".join(row[len(names) :]).strip():
                    row = row[: len(names)]
                if len(row) > len(names):
                    records.refuse(
                        f"{len(row)} cells, where the header has {len(names)}, "
                        f"{divided.join(row)[:80]!r},",
                        "Correct it: quote a cell that holds the delimiter, or remove what "
                        "stands above the header.",
                    )
                if len(row) < len(names):
                    short += [records.number] * bool(row)
                    row = row + [""] * (len(names) - len(row))
                yield row
        if short and "short" not in told:
            told.add("short")
            which = ", ".join(map(str, short[:NUM_NAMED])) + ", …" * (len(short) > NUM_NAMED)
            notes.append(
                f"{len(short):,} row(s) have fewer cells than the header ({which}): "
                "their last columns are missing"
            )

    return lambda: (names, rows()), names, divided


def _lacks_a_name(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows begin with a cell that has no name, as R writes them."""
    longer = all(len(row) == len(header) + 1 for row in rows)
    return longer and len(rows) >= LEAST_PROBED and any(row[-1].strip() for row in rows)


def _is_data(header: Sequence[str]) -> bool:
    """Whether a first row is no header: all of its cells are numbers, and two of them are equal."""
    cells = [cell.strip() for cell in header]
    return len({*cells}) < len(cells) and all(map(NUMBER_NAME.fullmatch, cells))


def unique_names(header: list[str], notes: list[str]) -> list[str]:
    """A unique name for each column: empty names are numbered, and so are repeated ones."""
    if len(header) > MOST_COLUMNS:
        raise InputError(
            f"a table must have at most {MOST_COLUMNS:,} columns",
            f"{len(header):,}",
            "Use fewer.",
        )
    stripped = [name.strip() for name in header]
    taken, names = set(stripped), []
    seen: set[str] = set()
    for place, name in enumerate(stripped, 1):
        fresh, number = name or f"column {place}", 1
        while fresh in seen or (fresh != name and fresh in taken):
            number += 1
            fresh = f"{name or f'column {place}'}_{number}"
        if name and fresh != name:
            notes.append(f"column {place} is a second {name!r}: it is renamed {fresh!r}")
        names.append(fresh)
        seen.add(fresh)
    # R and pandas leave only the column of the rows' names without one
    is_indexed = not stripped[0] and len({*stripped}) == len(stripped)
    are_numbers = sum(bool(NUMBER_NAME.fullmatch(name)) for name in stripped) * 2 > len(header)
    if are_numbers and not is_indexed:
        notes.append(
            "the first row looks like data; it was read as the column names: "
            "if it is no header, add one"
        )
    return names


def json_lines(path: Path, encoding: str, notes: list[str]) -> tuple[Source, list[str]]:
    """The rows of a file of JSON objects, one per line, and the keys of all of them.

    Raises:
        InputError: a line that is not an object, or columns of lists and objects.
    """
    found = find_encoding(path, encoding)
    notes += [found.note] * bool(found.note)

    def objects() -> Iterator[dict[str, Any]]:
        with open_text(path, found.name) as file:
            number = 0
            while line := file.readline(MOST_RECORD):
                number += 1
                if not line.strip():
                    continue
                try:
                    item = json.loads(line)
                except (ValueError, RecursionError):
                    item = None
                if not isinstance(item, dict):
                    raise InputError(
                        f"each line of {path} must be a JSON object",
                        f"{line[:80]!r} in line {number}",
                        "Write one object per line, for example with jq -c '.[]'.",
                    )
                yield item

    keys: dict[str, None] = {}
    nested: dict[str, None] = {}
    for number, item in enumerate(objects(), 1):
        keys |= dict.fromkeys(item)
        nested |= {key: None for key, value in item.items() if isinstance(value, dict | list)}
        check_memory(len(keys) * number * 8, f"the cells of {path}")
    if nested:
        raise InputError(
            f"columns of {path} must hold numbers, text or booleans",
            f"lists or objects in {', '.join(map(repr, list(nested)[:20]))}",
            "Leave them out, or write their contents as separate columns.",
        )
    names = unique_names(list(keys), notes)

    def rows() -> Iterator[list[str]]:
        for item in objects():
            yield [_text(item.get(key)) for key in keys]

    return lambda: (names, rows()), names


def _text(value: Any) -> str:
    """A value as text of a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)
