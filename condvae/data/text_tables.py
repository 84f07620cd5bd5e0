"""Delimited text and JSON lines as rows of cells."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from condvae.checks import InputError, check_memory
from condvae.data.dialect import MOST_RECORD, Records, find_delimiter, find_encoding, open_text
from condvae.data.raw_columns import Source

MOST_COLUMNS = 20_000
NUMBER_NAME = re.compile(r"-?\d+([.,]\d+)?")
NUM_NAMED = 3  # rows, or columns, that a sentence names


def delimited(
    path: Path, usual: str, delimiter: str, encoding: str, notes: list[str]
) -> tuple[Source, list[str], str]:
    """The rows of a CSV file or the like, the names of its columns, and the delimiter.

    Args:
        path: packed or not.
        usual: the delimiter that its suffix promises.
        delimiter: the one that it has; empty: sniffed.
        encoding: of its text; empty: sniffed.
        notes: what was found is said here, once.
    """
    found = find_encoding(path, encoding)
    if len(delimiter) > 1:
        delimiter = delimiter.replace("\\t", "\t")
    divided = delimiter or find_delimiter(path, found.name, usual)
    notes += [found.note] * bool(found.note)
    if divided != usual:
        notes.append(f"divided by {divided!r}; --delimiter decides otherwise")
    with open_text(path, found.name) as file:
        header = next((row for row in Records(file, divided, path) if row), [""])
    names = unique_names(header, notes)
    told: set[str] = set()

    def rows() -> Iterator[list[str]]:
        short: list[int] = []
        with open_text(path, found.name) as file:
            records = Records(file, divided, path)
            next((row for row in records if row), None)
            for row in records:
                if not row and len(names) > 1:
                    continue  # a blank line; of a single column it is a missing cell
                if len(row) > len(names) and not "".join(row[len(names) :]).strip():
                    row = row[: len(names)]
                if len(row) > len(names):
                    records.refuse(
                        f"{len(row)} cells, where the header has {len(names)}, "
                        f"{divided.join(row)[:80]!r},",
                        "Mend it; a cell that holds the delimiter stands in quotes.",
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


def unique_names(header: list[str], notes: list[str]) -> list[str]:
    """A name for each column that is its own: empty ones are numbered, and so are later ones."""
    if len(header) > MOST_COLUMNS:
        raise InputError(
            f"a table must have at most {MOST_COLUMNS:,} columns",
            f"{len(header):,}",
            "Bring fewer.",
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
            notes.append(f"column {place} is a second {name!r}: it is called {fresh!r}")
        names.append(fresh)
        seen.add(fresh)
    if sum(bool(NUMBER_NAME.fullmatch(name)) for name in stripped) * 2 > len(header):
        notes.append("the first row looks like data; it was taken for the columns' names")
    return names


def json_lines(path: Path, encoding: str, notes: list[str]) -> tuple[Source, list[str]]:
    """The rows of a file of JSON objects, one a line, and the keys of all of them.

    Raises:
        InputError: a line that is no object, or columns of lists and objects.
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
                        "Write one object a line, such as by jq -c '.[]'.",
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
            f"columns of {path} must hold numbers, texts or booleans",
            f"lists or objects in {', '.join(map(repr, list(nested)[:20]))}",
            "Leave them out, or write what they hold as columns of their own.",
        )
    names = unique_names(list(keys), notes)

    def rows() -> Iterator[list[str]]:
        for item in objects():
            yield [_text(item.get(key)) for key in keys]

    return lambda: (names, rows()), names


def _text(value: Any) -> str:
    """A value as a CSV file would have it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)
