"""Imputation of the empty cells of a table by a model."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.conditions import is_missing
from condvae.conditions.booleans import has_booleans
from condvae.conditions.missing import as_column, like
from condvae.conditions.rules import Rules
from condvae.inference.chance import Chance
from condvae.inference.obedience import Obedience, joined
from condvae.inference.trained import TrainedModel

# Draws of a row from which its means and most frequent values are computed.
NUM_DRAWS = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Imputation:
    """A table with imputed cells, and how they were imputed.

    Attributes:
        tables: {column: (N,) values}: one table of means and most frequent values, or one table per
            draw.
        filled: number of cells that were empty.
        effective_samples: (N,) effective number of the draws of z, from the importance weights of a
            row.
    """

    tables: tuple[dict[str, np.ndarray], ...]
    filled: int
    effective_samples: np.ndarray


def impute(
    model: TrainedModel,
    x: Mapping[str, Any],
    y: Any = None,
    num_draws: int | None = None,
    seed: int = 0,
) -> Imputation:
    """Impute the empty cells of a table; the others are unchanged.

    A cell stays empty, with a warning, if no draw of it satisfies the stated rules.

    Args:
        model: a model of tables.
        x: {column: (N,) values}, NaN, None or "" where empty; other columns are ignored.
        y: the conditions, any of which may be omitted; None: those among x's columns.
        num_draws: number of tables of draws, for multiple imputation; None: one table of the draws'
            means, of the value nearest to it for numbers with few values, and of the most frequent
            one for words.
        seed: seed of the draws.

    Raises:
        InputError: a model of images, or values that do not fit.
    """
    completion = model.completion
    # an imputed cell is next to others, which together may be an unusual combination
    table = completion.table.model_copy(update={"never": ()})
    rules = table.rules
    known, encoded, given = _known(model, x, y)
    own = {name: known[name] for name in table.all_names if name in x}
    excused = rules.broken(known)
    times = num_draws or NUM_DRAWS
    obedience = Obedience(table, _draw(model, encoded, given, fill=True), _rows_of(known), seed)
    everything = np.arange(len(encoded))
    parts, counts, stay = [], [], np.zeros(excused.shape, bool)
    hopeless = np.zeros(len(encoded), bool)
    # many draws for a block of rows at a time, few of which are kept
    for part, rows, effective in completion.blocks(encoded, given, Chance(seed), times, fill=True):
        draws = []
        for number, draw in enumerate(rows):
            draw = table.with_given(draw, given[part], completion.several)
            obedience.begin(number)
            # rows that no draw of the first table satisfies are not tried again for the other
            # tables
            may = excused[part] | stay[part]
            drawn = obedience.tried(everything[part], draw, may, hopeless[part])
            draws.append(drawn.cells)
            stay[part] |= drawn.broken
            hopeless[part] |= drawn.contradict
        if num_draws is None:
            found = {name: table.centre(name, [draw[name] for draw in draws]) for name in draws[0]}
            draws = [found, draws[0]]
        parts.append(draws)
        counts.append(effective)
    obedience.tell()
    draws = [joined(blocks) for blocks in zip(*parts, strict=True)]
    if num_draws is None:
        centre, instead = obedience.settled(everything, draws[0]), draws[1]
        centre |= {d.name: d.of(centre[d.source]) for d in table.derived if d.name in centre}
        worse = (rules.broken({**known, **centre}) & ~excused).any(axis=1)
        draws = [{name: np.where(worse, instead[name], centre[name]) for name in own}]
    empty = {name: is_missing(values) for name, values in own.items()}
    left = {
        name: empty[name] & stay[:, [name in rule.names for rule in rules.stated]].any(axis=1)
        for name in own
    }
    _tell(rules, excused, left)
    tables = [
        {
            name: np.where(empty[name] & ~left[name], draw[name], values)
            for name, values in own.items()
        }
        for draw in draws
    ]
    # words as in the file, and booleans as booleans
    truths = [name for name in own if has_booleans(x[name])]
    tables = [{**rows, **table.typed({name: rows[name] for name in truths})} for rows in tables]
    filled = sum(
        int((empty[name] & ~is_missing(np.asarray(tables[0][name]))).sum()) for name in own
    )
    return Imputation(tuple(tables), filled, np.concatenate(counts))


def complete(
    model: TrainedModel, cells: Mapping[str, Any], blocks: Iterable[np.ndarray], seed: int = 0
) -> Iterator[dict[str, np.ndarray]]:
    """Draw blocks of rows in which some cells are given; the others are drawn.

    Args:
        model: a model of tables.
        cells: given cells by column. A drawn cell may be empty if the data had empty cells.
        blocks: encoded conditions, in blocks of rows.
        seed: seed of the draws.

    Raises:
        InputError: as in `impute`, and if no row with the given cells satisfies the stated rules.
    """
    completion = model.completion
    table, several = completion.table, completion.several
    of_cells, encoded, given = _known(model, table.rows_with(cells, 1), None)

    def draw(y: np.ndarray, chance: Chance) -> np.ndarray:
        (drawn,), _ = completion.draw(np.repeat(encoded, len(y), axis=0), y, chance)
        return table.with_given(drawn, y, several)

    def known(y: np.ndarray) -> dict[str, np.ndarray]:
        return {name: np.repeat(v, len(y)) for name, v in of_cells.items()} | several.decode(y)

    told = {d.name: cells[d.name] for d in table.derived if d.name in cells}
    filled = (several.filled(y, np.repeat(given, len(y), axis=0)) for y in blocks)
    return Obedience(table, draw, known, seed, told).blocks(filled)


def _known(
    model: TrainedModel, x: Mapping[str, Any], y: Any
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Known cells by name, encoded rows with empty cells hidden, and encoded conditions."""
    table, several = model.completion.table, model.completion.several
    encoded = table.encode(x)
    encoded = table.hide(encoded, table.empty(encoded))
    given = model.encode_condition({} if y is None else y)
    given = np.repeat(given, len(encoded), axis=0) if len(given) == 1 else given
    # a condition may be given by its column, or by a column that determines it
    cells = table.decode(encoded)
    of_x = several.encode_rows({name: cells[name] for name in table.conditions}, len(encoded))
    given = several.filled(given, of_x)
    known = several.decode(given)
    for name in cells.keys() & x.keys():
        own = like(as_column(x[name]), cells[name])
        of_y = like(known[name], own) if name in known else own
        known[name] = np.where(is_missing(own), of_y, own)
    return known, table.hide_conditions(encoded), given


def _draw(
    model: TrainedModel, encoded: np.ndarray, given: np.ndarray, fill: bool = False
) -> Callable[[np.ndarray, Chance], np.ndarray]:
    """A function that draws the hidden cells of some of the rows."""

    completion = model.completion

    def draw(rows: np.ndarray, chance: Chance) -> np.ndarray:
        (drawn,), _ = completion.draw(encoded[rows], given[rows], chance, fill=fill)
        return completion.table.with_given(drawn, given[rows], completion.several)

    return draw


def _rows_of(cells: Mapping[str, np.ndarray]) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """A function that returns some of the rows."""
    return lambda rows: {name: values[rows] for name, values in cells.items()}


def _tell(rules: Rules, excused: np.ndarray, left: Mapping[str, np.ndarray]) -> None:
    """Log which rows break a rule by their known cells, and which cells stay empty."""
    for rule, rows in zip(rules.stated, excused.T, strict=True):
        if rows.any():
            _log.warning("%s row(s) have known cells that break %r", f"{rows.sum():,}", rule.text)
    if count := sum(int(cells.sum()) for cells in left.values()):
        _log.warning("%s cell(s) stay empty: no draw of them satisfied the rules", f"{count:,}")
