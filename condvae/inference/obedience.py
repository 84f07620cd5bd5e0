"""Generated rows that hold none of the pairs of values that real rows next to never hold."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from condvae.chance import Chance
from condvae.conditions import Schema, Table
from condvae.inference.computation import Computation

MOST_TRIES = 20
MOST_ROWS, BLOCK_BYTES = 16_384, 2**25

_log = logging.getLogger(__name__)


def rows_at_once(table: Table) -> int:
    """Rows of a block that takes little memory, and is large beside what it costs to ask."""
    return max(1, min(MOST_ROWS, BLOCK_BYTES // (4 * table.dim)))


def joined(blocks: Iterable[Any]) -> Any:
    """Blocks of rows, {column: (rows,) values} each, as one."""
    parts = list(blocks)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def without_contradictions(
    table: Table,
    draw: Callable[[np.ndarray, Chance], np.ndarray],
    blocks: Iterable[np.ndarray],
    seed: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of rows and their y, drawn again until none holds a pair of `Table.never`, 20 times.

    Columns are independent given z, so that now and then a row holds what none does. How many were
    drawn again is said at the end, and how many contradict still. How the rows are cut into blocks
    changes nothing.

    Args:
        draw: (y, chance) -> (batch, dim) encoded rows.
        blocks: (batch, *condition_shape) encoded y, again and again.
        seed: of the draws.
    """
    chance = Chance(seed)
    # a stream of its own for each attempt, which goes on from block to block
    seeds = [np.random.SeedSequence([seed, attempt]) for attempt in range(1, MOST_TRIES + 1)]
    attempts = [Chance(int(sequence.generate_state(1)[0] >> 1)) for sequence in seeds]
    drawn = again = still = 0
    for y in blocks:
        x = draw(y, chance)
        (rows,) = np.nonzero(table.contradicts(x))
        drawn, again = drawn + len(x), again + len(rows)
        for attempt in attempts:
            if not len(rows):
                break
            x[rows] = draw(y[rows], attempt)
            rows = rows[table.contradicts(x[rows])]
        still += len(rows)
        yield x, y
    if again:
        _log.warning(
            "%s of %s rows were drawn again: they held values that go together in next to no "
            "training row%s",
            f"{again:,}",
            f"{drawn:,}",
            f"; {still:,} do so still" if still else "",
        )


def generated_rows(
    compute: Computation, table: Table, several: Schema, blocks: Iterable[np.ndarray], seed: int
) -> Iterator[dict[str, np.ndarray]]:
    """Blocks of rows drawn for blocks of conditions, {column: (rows,) values}, these among them."""

    def draw(y: np.ndarray, chance: Chance) -> np.ndarray:
        return table.with_given(compute.rows(y, chance), y, several)

    for x, y in without_contradictions(table, draw, blocks, seed):
        yield table.rows(x, y, several)
