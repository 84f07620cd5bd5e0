"""The empty cells of a table, filled by a model."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.chance import Chance
from condvae.conditions import is_missing
from condvae.conditions.missing import as_column, plain
from condvae.inference.obedience import without_contradictions
from condvae.inference.trained import TrainedModel

# Draws of a row that its expected numbers and most frequent words are taken of.
NUM_DRAWS = 100


@dataclass(frozen=True)
class Imputation:
    """A table whose empty cells are filled, and how it was done.

    Attributes:
        tables: {column: (N,) values} once, of means and most frequent values, or once a draw.
        filled: number of cells that were empty.
        effective_samples: (N,) of how many of its draws of z a row's importance weights make use.
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
    """Fill the empty cells of a table; the others stay as they are.

    Args:
        model: of tables.
        x: {column: (N,) values}, NaN, None or "" where empty; other columns are passed over.
        y: the conditions, of which any may be left out; None: those among x's columns.
        num_draws: so many tables, each of draws, for multiple imputation; None: one, of the draws'
            means, and of words, and of numbers of few values, the most frequent.
        seed: of the draws.

    Raises:
        InputError: a model of images, or values that do not fit.
    """
    completion = model.completion
    table, several = completion.table, completion.several
    columns = {name: x[name] for name in table.all_names if name in x}
    known = {name: plain(as_column(values)) for name, values in columns.items()}
    encoded, given = _known(model, known, y)
    empty = {name: is_missing(values) for name, values in known.items()}

    def whole(cells: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: np.where(empty[name], cells[name], values) for name, values in known.items()}

    filled = sum(int(missing.sum()) for missing in empty.values())
    if num_draws is not None:
        draws, effective = completion.draw(encoded, given, Chance(seed), num_draws, fill=True)
        cells = (table.rows(draw, given, several) for draw in draws)
        return Imputation(tuple(map(whole, cells)), filled, effective)
    parts, counts = [], []
    # many draws of a block of rows at a time, of which their middles alone are kept
    found = completion.blocks(encoded, given, Chance(seed), NUM_DRAWS, fill=True)
    for part, rows, effective in found:
        draws = [table.rows(draw, given[part], several) for draw in rows]
        parts.append({name: table.centre(name, [draw[name] for draw in draws]) for name in known})
        counts.append(effective)
    centre = {name: np.concatenate([part[name] for part in parts]) for name in known}
    return Imputation((whole(centre),), filled, np.concatenate(counts))


def complete(
    model: TrainedModel, cells: Mapping[str, Any], blocks: Iterable[np.ndarray], seed: int = 0
) -> Iterator[dict[str, np.ndarray]]:
    """Blocks of rows in which some cells are the same; the others are drawn.

    Args:
        model: of tables.
        cells: by column. A cell that is drawn may be empty, where the data's were.
        blocks: conditions of some rows, encoded, again and again.
        seed: of the draws.

    Raises:
        InputError: as `impute`.
    """
    completion = model.completion
    table, several = completion.table, completion.several
    known, given = _known(model, table.rows_with(cells, 1), None)

    def draw(y: np.ndarray, chance: Chance) -> np.ndarray:
        (drawn,), _ = completion.draw(np.repeat(known, len(y), axis=0), y, chance)
        return table.with_given(drawn, y, several)

    filled = (several.filled(y, np.repeat(given, len(y), axis=0)) for y in blocks)
    for x, y in without_contradictions(table, draw, filled, seed):
        yield table.rows(x, y, several)


def _known(model: TrainedModel, x: Mapping[str, Any], y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Encoded rows whose empty cells are hidden, and their encoded conditions."""
    table, several = model.completion.table, model.completion.several
    encoded = table.encode(x)
    encoded = table.hide(encoded, table.empty(encoded))
    given = model.encode_condition({} if y is None else y)
    given = np.repeat(given, len(encoded), axis=0) if len(given) == 1 else given
    # a condition may be known by its column, or by one that follows from it
    cells = table.decode(encoded)
    of_x = several.encode_rows({name: cells[name] for name in table.conditions}, len(encoded))
    return table.hide_conditions(encoded), several.filled(given, of_x)
