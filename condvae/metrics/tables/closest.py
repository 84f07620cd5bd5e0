"""Whether synthetic rows lie nearer to the training rows than real ones do: copies, in short."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError
from condvae.metrics.tables.columns import check_alike, common_codes, draw_rows, joined, num_rows
from condvae.metrics.tables.places import Places, nearest

TIE = 1e-9  # distances that are the same but for rounding


@dataclass(frozen=True)
class ClosestRecords:
    """Synthetic rows by their nearest real ones, distances as in `Places`.

    Attributes:
        nearer_to_training: share of the synthetic rows that are nearer to a training row than to a
            held-out one, of as many of both; a tie counts half. 0.5 where nothing is memorised.
        error: its standard error where nothing is memorised; rows that are nearest to the same
            real one count together.
        distance: median distance of a synthetic row to its nearest training row.
        distance_of_held_out: the same of a held-out row.
        num_synthetic: rows of it.
        num_real: training rows, and as many held-out ones.
    """

    nearer_to_training: float
    error: float
    distance: float
    distance_of_held_out: float
    num_synthetic: int
    num_real: int


def closest_records(
    train: Mapping[str, np.ndarray],
    held_out: Mapping[str, np.ndarray],
    synthetic: Mapping[str, np.ndarray],
    most_rows: int = 5_000,
    seed: int = 0,
) -> ClosestRecords:
    """Distance to the closest record, against that of held-out rows.

    Args:
        train: (N,) numbers or text by name: what the model learned from.
        held_out: (H,) real rows that it did not see.
        synthetic: (M,) of the same names and kinds.
        most_rows: of each kind, drawn; of the real ones as many of both.
        seed: of the drawn rows.

    Raises:
        InputError: tables that do not fit, or fewer than two rows of a kind.

    Source: Platzer & Reutterer 2021, "Holdout-based empirical assessment of mixed-type synthetic
    data"; the error is that of
    which real rows are called training, where either could be.
    """
    tables = check_alike(train=train, held_out=held_out, synthetic=synthetic)
    count = min(num_rows(tables[0]), num_rows(tables[1]), most_rows)
    if min(count, num_rows(tables[2])) < 2:
        raise InputError("each table must have two rows or more", f"{count}", "Bring more rows.")
    train, held_out = (draw_rows(table, count, seed) for table in tables[:2])
    places = Places.of(joined(train, held_out))
    x, h, g = map(places.points, (train, held_out, draw_rows(tables[2], most_rows, seed)))
    (of_train, to_train), (of_held, to_held) = (
        (rows[:, 0], distances[:, 0]) for rows, distances in (nearest(g, x), nearest(g, h))
    )
    is_tie = abs(to_train - to_held) <= TIE
    is_nearer = ~is_tie & (to_train < to_held)
    nearest_of_all = np.where(is_nearer, of_train, count + of_held)[~is_tie]
    # variance of the sum over half of the real rows, drawn at random, of these counts
    counts = np.bincount(nearest_of_all, minlength=2 * count)
    variance = counts.var(ddof=1) * count / 2
    _, of_held_out = nearest(h, x)
    return ClosestRecords(
        nearer_to_training=float((is_nearer + is_tie / 2).mean()),
        error=float(np.sqrt(variance) / len(g)),
        distance=float(np.median(to_train)),
        distance_of_held_out=float(np.median(of_held_out)),
        num_synthetic=len(g),
        num_real=count,
    )


def copied_rows(train: Mapping[str, np.ndarray], rows: Mapping[str, np.ndarray]) -> np.ndarray:
    """(M,) bool: which rows equal a training row in each column; missing equals missing.

    Args:
        train: (N,) numbers or text by name.
        rows: (M,) of the same names and kinds.

    Raises:
        InputError: tables that do not fit.
    """
    train, rows = check_alike(train=train, rows=rows)
    known, told = (np.zeros(num_rows(table), np.int64) for table in (train, rows))
    for name, values in train.items():
        first, second = common_codes(values, rows[name])
        size = 1 + max(first.max(), second.max())
        # numbered anew after each column, so that the numbers stay small
        known, told = common_codes(known * size + first, told * size + second)
    return np.isin(told, known)
