"""Generated rows that satisfy the rules of their table.

Some rules are stated by the user; another is that no row holds a pair of values that almost no real
row holds.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from types import MappingProxyType
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions import Schema, Table, is_missing
from condvae.conditions.missing import like
from condvae.inference.chance import Chance, ChanceOfRows, NumberedChance
from condvae.inference.computation import Computation

MOST_TRIES = 20  # for rows that contradict; and for rows that break a rule, without progress
MOST_TRIES_BY_RULE = 200
KEEP_STYLE = 10  # tries at the same z, for rows that contradict
MOST_ROWS, BLOCK_BYTES = 16_384, 2**25
MOST_COPIES, CANDIDATES = 50, 4_000  # after 20 tries, several draws of a row are made at once

PLACES = np.array([2**20, 1])  # float32 holds integers up to 2^24

Cells = dict[str, np.ndarray]

_log = logging.getLogger(__name__)


def rows_at_once(table: Table) -> int:
    """Rows per block: few enough for little memory, and enough to make the overhead small."""
    return max(1, min(MOST_ROWS, BLOCK_BYTES // (4 * table.dim)))


def joined(blocks: Iterable[Any]) -> Any:
    """Blocks of rows, {column: (rows,) values} each, concatenated."""
    parts = list(blocks)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True)
class Judged:
    """Rows, and which rules they break.

    Attributes:
        cells: {name: (N,) values}.
        broken: (N, number of rules) bool: the stated rules that each row breaks.
        contradict: (N,) bool: rows with a pair of `Table.never`, or a sum that is far off.
        differ: (N,) bool: rows whose cells determine other values than the given ones.
    """

    cells: Cells
    broken: np.ndarray
    contradict: np.ndarray
    differ: np.ndarray

    @property
    def faults(self) -> np.ndarray:
        """(N,) integers: 0 without faults, 1 for rows that only contradict, 2 or 3 otherwise."""
        return 2 * (self.broken.any(axis=1) | self.differ) + self.contradict

    def replace(self, rows: np.ndarray, other: "Judged", places: np.ndarray) -> None:
        """Replace some rows by those of another object, at these places."""
        for name, values in self.cells.items():
            values[rows] = other.cells[name][places]
        self.broken[rows] = other.broken[places]
        self.contradict[rows] = other.contradict[places]
        self.differ[rows] = other.differ[places]


class Obedience:
    """Redraws rows until they satisfy the rules, since columns are independent given z.

    A cell that a stated equality determines is computed from the other cells first.

    Args:
        table: the table with the rules.
        draw: (asked, chance) -> (len(asked), dim) encoded rows; asked is an array with one row for
            each of them, whose content is up to draw.
        known: asked -> {name: (len(asked),) cells} that are fixed, NaN or "" where a cell is drawn;
            the conditions are among them.
        seed: seed of the draws.
        told: {name: cell} of columns that others determine, see `Table.differs`.
        anew: asked -> asked without z, for rows that are redrawn at another z; None: asked has no
            z.
        chance: random numbers of the first draw; None: a single stream.
        chance_again: (attempt, asked) -> random numbers of redrawn rows; None: one stream for each
            attempt, which continues from block to block.
    """

    def __init__(
        self,
        table: Table,
        draw: Callable[[np.ndarray, Chance], np.ndarray],
        known: Callable[[np.ndarray], Cells],
        seed: int,
        told: Mapping[str, Any] = MappingProxyType({}),
        anew: Callable[[np.ndarray], np.ndarray] | None = None,
        chance: Chance | None = None,
        chance_again: Callable[[int, np.ndarray], Chance] | None = None,
    ):
        self._anew, self._chance, self._chance_again = anew, chance, chance_again
        self._told = told
        self.table, self._rules, self._draw, self._known = table, table.rules, draw, known
        self.seed = seed
        self._streams: list[Chance] = []
        self._tables: dict[int, list[set]] = {}
        self.begin(0)
        self._total = self._again = self._contradicted = self._still = 0
        self._by_rule = np.zeros(len(self._rules.stated), int)

    def blocks(self, asked: Iterable[np.ndarray]) -> Iterator[Cells]:
        """Rows that all satisfy the stated rules, {name: (rows,) values}, block by block.

        The results do not depend on the division into blocks, except for rows that must be unique
        and for rows that take more than 20 tries. The number of redrawn rows is logged at the end.

        Raises:
            InputError: the given cells break a rule, or no row that satisfies it was found.
        """
        chance = self._chance or Chance(self.seed)
        for block in asked:
            known = self._known(block)
            if known:
                broken = self._rules.broken(known, self._seen)
                self._check(broken, known, "the given values", "as given", "Give other values.")
            rows = self.tried(block, self._draw(block, chance))
            count = rows.broken.any(axis=1).sum()
            where = f"in one of {count:,} rows, drawn {MOST_TRIES} times or more"
            remedy = "Give other values, ask for fewer rows, or train for longer."
            self._check(rows.broken, rows.cells, "generated rows", where, remedy)
            yield self._ordered(rows.cells)
        self.tell()

    def tried(
        self,
        asked: np.ndarray,
        x: np.ndarray,
        excused: np.ndarray | None = None,
        lenient: np.ndarray | None = None,
    ) -> Judged:
        """Rows redrawn where they break a rule or contradict, until few do.

        Args:
            asked: requests of the rows.
            x: their first draw, encoded.
            excused: (len(asked), number of rules) bool: which rows may break which rules; None: no
                rows.
            lenient: (len(asked),) bool: which rows may contradict; None: no rows.
        """
        rows = self._judged(asked, x, excused, lenient)
        self._total += len(x)
        self._by_rule += rows.broken.sum(axis=0)
        self._again += int(rows.broken.any(axis=1).sum())
        self._contradicted += int((rows.contradict | rows.differ).sum())
        self._remember(asked, rows, np.arange(len(x)))
        idle = 0
        for attempt in range(1, MOST_TRIES_BY_RULE + 1):
            (again,) = np.nonzero(rows.faults > (attempt > MOST_TRIES))
            if not len(again) or idle == MOST_TRIES:
                break
            late = attempt > MOST_TRIES
            copies = min(MOST_COPIES, max(1, CANDIDATES // len(again))) if late else 1
            repeated = np.repeat(again, copies)
            may, also = (None if of is None else of[repeated] for of in (excused, lenient))
            ask = asked[repeated]
            if self._anew is not None:
                # A row that breaks a rule should not exist, so it is redrawn at another z. Cells
                # that contradict were drawn independently: redrawing them at the same z preserves
                # the distribution of z.
                wholly = (rows.faults[repeated] > 1) | (attempt > KEEP_STYLE)
                ask[wholly] = self._anew(ask[wholly])
            fresh = self._draw(ask, self._stream(attempt, ask))
            others = self._judged(asked[repeated], fresh, may, also)
            faults = others.faults.reshape(len(again), copies)
            better = faults.min(axis=1) < rows.faults[again]
            places = (np.arange(len(again)) * copies + faults.argmin(axis=1))[better]
            self._remember(asked, rows, again[better], forget=True)
            rows.replace(again[better], others, places)
            self._remember(asked, rows, again[better])
            idle = 0 if better.any() or not late else idle + 1
        self._still += int((rows.contradict | rows.differ).sum())
        return rows

    def begin(self, number: int) -> None:
        """Continue with a table; unique values are unique within each table."""
        nothing: list[set] = [set() for _ in self._rules.stated]
        self._seen = self._tables.setdefault(number, nothing)

    def settled(self, asked: np.ndarray, cells: Cells) -> Cells:
        """Cells with the known values, and with those that equalities determine."""
        return self._settled(self._known(asked), cells)[0]

    def tell(self) -> None:
        """Log how many rows were redrawn, and how many still contradict."""
        if self._again:
            worst = self._rules.stated[self._by_rule.argmax()].text
            _log.warning("%s: they broke a rule, most often %s", self._share_of(self._again), worst)
        if self._contradicted:
            _log.warning(
                "%s: they held values that almost never occur together in training rows%s%s",
                self._share_of(self._contradicted),
                f", or not the given {', '.join(self._told)}" if self._told else "",
                f"; {self._still:,} still do" if self._still else "",
            )

    def _share_of(self, count: int) -> str:
        """How many rows were redrawn, in words."""
        share = count / self._total
        return f"{count:,} of {self._total:,} rows ({share:.1%}) were redrawn"

    def _stream(self, attempt: int, asked: np.ndarray) -> Chance:
        """The random numbers of an attempt."""
        if self._chance_again is not None:
            return self._chance_again(attempt, asked)
        while len(self._streams) < attempt:
            seeds = np.random.SeedSequence([self.seed, len(self._streams) + 1])
            self._streams.append(Chance(int(seeds.generate_state(1)[0] >> 1)))
        return self._streams[attempt - 1]

    def _judged(
        self,
        asked: np.ndarray,
        x: np.ndarray,
        excused: np.ndarray | None,
        lenient: np.ndarray | None,
    ) -> Judged:
        """Cells of encoded rows, and the rules they break, given the accepted rows."""
        known = self._known(asked)
        cells, far = self._settled(known, self.table.decode(x))
        whole = {**known, **cells}
        drawn = np.zeros(len(x), bool)
        for name in self._rules.columns:
            drawn |= is_missing(known[name]) if name in known else True
        # of two equal rows, the one that is known counts as the first
        order = np.argsort(drawn, kind="stable")
        broken = np.empty((len(x), len(self._rules.stated)), bool)
        broken[order] = self._rules.broken(
            {name: values[order] for name, values in whole.items()}, self._seen
        )
        if excused is not None:
            broken &= ~excused
        contradict = self.table.contradicts(x, known) | far
        differ = self.table.differs(x, self._told)
        if lenient is not None:
            contradict &= ~lenient
        return Judged(cells, broken, contradict, differ)

    def _settled(self, known: Cells, cells: Cells) -> tuple[Cells, np.ndarray]:
        """Cells with known and computed values, and the rows in which a sum is far off."""
        # a condition need not be a column of x
        cells = known | cells
        for name, values in known.items():
            own = like(values, cells[name])
            cells[name] = np.where(is_missing(own), cells[name], own)
        size = len(next(iter(cells.values())))
        if not self._rules:
            return cells, np.zeros(size, bool)
        free = {
            name: is_missing(known[name]) if name in known else np.ones(size, bool)
            for name in self.table.computable
            if name in self._rules.columns
        }
        found, far = self._rules.settle({**known, **cells}, free)
        written = self._rules.read({**known, **cells, **found})
        return cells | {name: v for name, v in written.items() if name in cells}, far

    def _remember(
        self, asked: np.ndarray, rows: Judged, some: np.ndarray, forget: bool = False
    ) -> None:
        """Remember accepted rows, with which later rows are compared."""
        kept = some[rows.faults[some] < 2]
        whole = {**self._known(asked[kept]), **{n: v[kept] for n, v in rows.cells.items()}}
        for seen, keys in zip(self._seen, self._rules.keys(whole), strict=True):
            (seen.difference_update if forget else seen.update)(keys)

    def _ordered(self, cells: Cells) -> Cells:
        """Cells in the order of the table, without conditions that are in neither x nor y."""
        names = self.table.order or tuple(cells)
        known = {
            n for n, v in cells.items() if n in self.table.all_names or not is_missing(v).all()
        }
        return {name: cells[name] for name in names if name in known}

    def _check(self, broken: np.ndarray, cells: Cells, what: str, where: str, remedy: str) -> None:
        """Raise InputError if a row breaks a rule."""
        if broken.any():
            number = broken.sum(axis=0).argmax()
            rule, row = self._rules.stated[number], int(broken[:, number].argmax())
            raise InputError(
                f"{what} must satisfy the rule {rule.text!r}",
                f"{self._rules.shown(rule.names, cells, row)} {where}",
                remedy,
            )


def generated_rows(
    compute: Computation,
    table: Table,
    several: Schema,
    ys: Iterable[np.ndarray],
    zs: Iterable[np.ndarray] | None,
    seed: int,
    first: int | None = None,
) -> Iterator[Cells]:
    """Blocks of rows, {column: (rows,) values}, drawn for blocks of conditions, which they include.

    Args:
        ys: encoded conditions, (rows, dim), in blocks.
        zs: styles for each block, or one for all of its rows; None: drawn from the prior.
        first: number of the first row, if the draw of a row is a function of its number (see
            `NumberedChance`); None: a single stream.
    """
    size, end = several.dim, None if first is None else -len(PLACES)

    def styled() -> Iterator[np.ndarray]:
        chance, done = _first_chance(seed, first), first or 0
        for y, z in zip(ys, repeat(None) if zs is None else zs, strict=False):
            z = compute.styles(y, chance) if z is None else z
            parts = [y, np.broadcast_to(z, (len(y), z.shape[1]))]
            if first is not None:
                parts += [_written(np.arange(done, done + len(y)))]
            done += len(y)
            yield np.concatenate(parts, axis=1)

    def draw(asked: np.ndarray, chance: Chance) -> np.ndarray:
        y, z = asked[:, :size], asked[:, size:end]
        (fresh,) = np.nonzero(np.isnan(z[:, 0]))
        if len(fresh):
            z = z.copy()
            if first is None:
                z[fresh] = compute.styles(y[fresh], chance)
            else:  # all of them, since each row has its own numbers
                z[fresh] = compute.styles(y, chance)[fresh]
        return table.with_given(compute.rows(y, chance, z), y, several)

    def anew(asked: np.ndarray) -> np.ndarray:
        asked[:, size:end] = np.nan
        return asked

    def again(attempt: int, asked: np.ndarray) -> Chance:
        return ChanceOfRows(seed, attempt, asked[:, end:] @ PLACES)

    known = lambda asked: several.decode(asked[:, :size])  # noqa: E731
    obedience = Obedience(
        table,
        draw,
        known,
        seed,
        anew=anew if zs is None else None,
        chance=_first_chance(seed, first),
        chance_again=None if first is None else again,
    )
    return obedience.blocks(styled())


def _first_chance(seed: int, first: int | None) -> Chance:
    """The random numbers of the first draws."""
    return Chance(seed) if first is None else NumberedChance(seed, first=first)


def _written(numbers: np.ndarray) -> np.ndarray:
    """Numbers of rows as float32, (rows, 2): their product with PLACES gives the numbers."""
    return np.stack(np.divmod(numbers, PLACES[0]), axis=1).astype("float32")
