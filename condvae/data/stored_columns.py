"""The columns of a table whose rows stay on disk, and the rows that determine their schema.

Kinds, quantiles and frequencies are those of a sample of the training rows. What a sample may lack
and a model must know is added as the rows that hold it: a row of each word, of each value if there
are few, the smallest and the largest number, an empty cell; and rows that contradict a relation in
which one column is a function of another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from condvae.blocks import slices
from condvae.checks import InputError
from condvae.conditions import Table
from condvae.conditions.missing import is_missing
from condvae.conditions.number_column import MOST_VALUES
from condvae.data.fingerprints import fingerprint_of_columns, fingerprint_of_sums
from condvae.data.mapped import MappedRows
from condvae.data.splits import SAMPLE_STREAM
from condvae.files.sums import sum_of

BLOCK_ROWS = 2**16  # rows that are read together
MOST_JOINING = 1_000  # contradicting rows that are added to the sample at a time


class StoredColumns(Mapping[str, Any]):
    """{name: (N,) numbers or words} of rows on disk; each column is read on request.

    Args:
        records: (N,) rows, in which each column is a field.
        fields: names of the columns by field.
        words: the distinct words of each column of words, in the order of their codes.
        sums: sha256, in hex, of each file that holds the rows.
        sample_rows: largest size of the sample that determines the schema, before rows are added.
        seed: seed of the sample.
    """

    def __init__(
        self,
        records: MappedRows,
        fields: Mapping[str, str],
        words: Mapping[str, np.ndarray],
        sums: Mapping[Path, str],
        sample_rows: int,
        seed: int,
    ):
        self.records, self.words, self.sums = records, words, sums
        self.fields = {name: field for field, name in fields.items()}
        self.sample_rows, self.seed = sample_rows, seed

    def __getitem__(self, name: str) -> MappedRows:
        self.fields[name]  # KeyError now, not on reading
        return self.records.then(lambda rows: self._column(name, rows))

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def rows(self, chosen: np.ndarray) -> "StoredColumns":
        """The columns of some rows."""
        return self._with(records=self.records[chosen])

    def without(self, names: Sequence[str]) -> "StoredColumns":
        """The columns except some."""
        return self._with(fields={f: n for n, f in self.fields.items() if n not in names})

    def encoded(
        self, encode: Callable[[dict[str, np.ndarray]], Any], names: Sequence[str] = ()
    ) -> MappedRows:
        """A function applied to the columns of rows, row by row, on request.

        Args:
            names: names of the columns that it takes; none: all.
        """
        return self.records.then(lambda rows: np.asarray(encode(self.cells(rows, names))))

    def cells(self, rows: np.ndarray, names: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """{name: (n,) values} of rows as stored; no names means all."""
        return {name: self._column(name, rows) for name in names or self.fields}

    def blocks(self, among: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The rows among some, block by block: their numbers, and their stored records."""
        chosen = np.full(len(self.records), among is None)
        if among is not None:
            chosen[among] = True
        for part in slices(len(chosen), BLOCK_ROWS):
            (here,) = np.nonzero(chosen[part])
            if here.size:
                yield here + part.start, np.asarray(self.records[part])[here]

    def sample(self, rows: np.ndarray) -> np.ndarray:
        """A sorted sample of rows: all, or `sample_rows` of them, drawn with the seed."""
        if len(rows) <= self.sample_rows:
            return rows
        rng = np.random.default_rng([self.seed, SAMPLE_STREAM])
        return np.sort(rng.choice(rows, self.sample_rows, replace=False))

    def fingerprint(self, about: Sequence[Any]) -> str:
        """sha256, in hex, by which a run recognises its data.

        It equals that of the columns in memory if the sample is the whole table; for larger tables
        it is computed from the files' sums.

        Raises:
            InputError: a file that has changed since it was packed.
        """
        for file, known in self.sums.items():
            if sum_of(file) != known:
                raise InputError(
                    f"{file} must be as it was packed",
                    "another content, by its sha256",
                    "Pack the source again: the same command replaces this block.",
                )
        if len(self.records) <= self.sample_rows:
            return fingerprint_of_columns(self, about)
        places = self.records.places
        rows = None if isinstance(places, range) else np.asarray(places)
        return fingerprint_of_sums(list(self.sums.values()), rows, [*about, list(self)])

    def _column(self, name: str, rows: np.ndarray) -> np.ndarray:
        """A column of rows as stored."""
        values = rows[self.fields[name]]
        if name not in self.words:
            return np.ascontiguousarray(values)
        words = self.words[name]
        if values.size and not 0 <= values.min() <= values.max() < len(words):
            raise InputError(
                f"the codes of {name!r} must be below its number of words, {len(words):,}",
                f"the codes {values.min()} to {values.max()}",
                "Pack the source again.",
            )
        return words[values]

    def _with(self, **changes: Any) -> "StoredColumns":
        """The columns with some attributes changed."""
        kept = {
            "records": self.records,
            "fields": {field: name for name, field in self.fields.items()},
            "words": self.words,
            "sums": self.sums,
            "sample_rows": self.sample_rows,
            "seed": self.seed,
        }
        return StoredColumns(**(kept | changes))


@dataclass(frozen=True)
class Fitting:
    """The rows that determine the schema of the columns.

    Attributes:
        columns: {name: (n,) values} of these rows, and of those that only show which values exist.
        rows: positions of the training rows among them.
        numbers: (n,) numbers of the rows in the data set.
    """

    columns: Mapping[str, Any]
    rows: np.ndarray
    numbers: np.ndarray


def fitting_rows(
    columns: Mapping[str, Any], rows: np.ndarray, more: np.ndarray | None = None
) -> Fitting:
    """The rows that determine the schema of the columns: all of those in memory.

    Args:
        columns: columns by name.
        rows: the training rows.
        more: rows to include in any case.
    """
    if not isinstance(columns, StoredColumns):
        return Fitting(columns, rows, np.arange(len(next(iter(columns.values())))))
    count = len(columns.records)
    if count <= columns.sample_rows:
        chosen = np.arange(count)
    else:
        parts = [columns.sample(rows), _told_by(columns, rows)]
        chosen = np.unique(np.concatenate([*parts, *([] if more is None else [more])]))
    found = columns.cells(np.asarray(columns.records[chosen]))
    training = np.zeros(count, bool)
    training[rows] = True
    return Fitting(found, np.flatnonzero(training[chosen]), chosen)


def encoded_rows(columns: Mapping[str, Any], encode: Callable[[Any], Any]) -> Any:
    """A function applied to columns: at once, or for those on disk when rows are requested."""
    return columns.encoded(encode) if isinstance(columns, StoredColumns) else encode(columns)


def contradicting(columns: Mapping[str, Any], rows: np.ndarray, table: Table) -> np.ndarray:
    """Some of the training rows that contradict the table that a sample has led to.

    There, a column is no function of another one, or a rule is broken. None for columns in memory,
    since the table was determined by all of them.
    """
    none, derived = np.empty(0, int), (*table.derived, *table.agreeing)
    if not isinstance(columns, StoredColumns) or not (derived or table.rules):
        return none
    if len(columns.records) <= columns.sample_rows:
        return none
    joining: dict[str, list[np.ndarray]] = {}

    def join(what: str, numbers: np.ndarray, keys: np.ndarray) -> None:
        # one row of each value says as much as all of them
        first = np.sort(np.unique(keys, return_index=True)[1])
        joining.setdefault(what, []).append(numbers[first[:MOST_JOINING]])

    for numbers, stored in columns.blocks(rows):
        cells = columns.cells(stored)
        for one in derived:
            told, given = one.of(cells[one.source]), cells[one.name]
            wrong = (told != given) & ~(is_missing(told) & is_missing(given))
            if wrong.any():
                join(one.name, numbers[wrong], cells[one.source][wrong])
        if table.rules:
            wrong = table.rules.broken(cells).any(axis=1)
            if wrong.any():
                join("", numbers[wrong], numbers[wrong])
    found = [np.concatenate(parts)[:MOST_JOINING] for parts in joining.values()]
    return np.concatenate([none, *found])


def sampled(columns: Mapping[str, Any] | None, rows: np.ndarray) -> np.ndarray | None:
    """The sample of the training rows that determines the schema; None if it is all of them."""
    if not isinstance(columns, StoredColumns) or len(rows) <= columns.sample_rows:
        return None
    return columns.sample(rows)


def fingerprint_of(columns: Mapping[str, Any], about: Sequence[Any]) -> str:
    """The fingerprint of columns, in memory or on disk."""
    if isinstance(columns, StoredColumns):
        return columns.fingerprint(about)
    return fingerprint_of_columns(columns, about)


def _told_by(columns: StoredColumns, rows: np.ndarray) -> np.ndarray:
    """One row for each value that a sample of the training rows may lack.

    A word that no training row holds is represented by another row.
    """
    found: list[int] = []
    training = np.zeros(len(columns.records), bool)
    training[rows] = True
    firsts = {name: np.full(len(words), -1) for name, words in columns.words.items()}
    own = {name: first.copy() for name, first in firsts.items()}
    numbers = {name: _Numbers() for name in columns if name not in columns.words}
    for here, stored in columns.blocks():
        mine = training[here]
        for name, field in columns.fields.items():
            values = stored[field]
            if name in numbers:
                numbers[name].look(values[mine], here[mine])
            elif name in columns.words:
                _note_first(firsts[name], values, here)
                _note_first(own[name], values[mine], here[mine])
    for name, first in firsts.items():
        first = np.where(own[name] >= 0, own[name], first)
        found += first[first >= 0].tolist()
    for of_column in numbers.values():
        found += of_column.rows()
    return np.asarray(found, int)


def _note_first(first: np.ndarray, codes: np.ndarray, numbers: np.ndarray) -> None:
    """The first row of each code that had none yet."""
    seen, place = np.unique(codes, return_index=True)
    fresh = first[seen] < 0
    first[seen[fresh]] = numbers[place[fresh]]


class _Numbers:
    """Rows that hold the extremes, a missing cell, and each value while there are few."""

    def __init__(self) -> None:
        self.ends: dict[Callable[..., Any], tuple[float, int]] = {}
        self.missing: int | None = None
        self.few: dict[float, int] = {}

    def look(self, values: np.ndarray, numbers: np.ndarray) -> None:
        """Add some rows."""
        missing = np.isnan(values)
        if self.missing is None and missing.any():
            self.missing = int(numbers[missing.argmax()])
        values, numbers = values[~missing], numbers[~missing]
        if not values.size:
            return
        for end, place in ((min, values.argmin()), (max, values.argmax())):
            fresh = float(values[place]), int(numbers[place])
            known = self.ends.get(end, fresh)
            self.ends[end] = end(known, fresh, key=lambda pair: pair[0])
        if len(self.few) <= MOST_VALUES:
            seen, place = np.unique(values, return_index=True)
            # one more than few, so that a sample of them is no table of few values either
            pairs = zip(seen[: MOST_VALUES + 1].tolist(), numbers[place].tolist(), strict=False)
            self.few = dict(pairs) | self.few

    def rows(self) -> list[int]:
        """The numbers of these rows."""
        found = [row for _, row in self.ends.values()] + list(self.few.values())
        return found + ([] if self.missing is None else [self.missing])
