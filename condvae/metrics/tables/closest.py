"""Whether synthetic rows are closer to the training rows than real ones are, as copies would be."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError
from condvae.metrics.tables.columns import check_alike, common_codes, draw_rows, joined, num_rows
from condvae.metrics.tables.places import Places, nearest

TIE = 1e-9  # distances that are equal up to rounding


@dataclass(frozen=True)
class ClosestRecords:
    """Synthetic rows and their nearest real rows, with distances as in `Places`.

    Attributes:
        nearer_to_training: share of the synthetic rows that are closer to a training row than to
            one of equally many held-out rows, where ties count half. 0.5 without memorisation.
        error: its standard error without memorisation; rows with the same nearest real row are
            counted together.
        distance: median distance of a synthetic row to its nearest training row.
        distance_of_held_out: median distance of a held-out row to its nearest training row.
        num_synthetic: number of synthetic rows.
        num_real: number of training rows, and of held-out rows.
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
    """Distance to the closest record, compared with that of held-out rows.

    Args:
        train: (N,) numbers or text by name: the training rows.
        held_out: (H,) real rows that the model did not see.
        synthetic: (M,) with the same names and kinds.
        most_rows: largest number of rows of each kind, drawn at random; equally many real rows of
            both kinds.
        seed: seed of these draws.

    Raises:
        InputError: tables that do not fit, or fewer than two rows of either kind.

    Source: Platzer & Reutterer 2021, "Holdout-based empirical assessment of mixed-type synthetic
    data"; the error is that of a random assignment of the real rows to training and held-out rows.
    """
    tables = check_alike(train=train, held_out=held_out, synthetic=synthetic)
    count = min(num_rows(tables[0]), num_rows(tables[1]), most_rows)
    if min(count, num_rows(tables[2])) < 2:
        raise InputError("each table must have at least two rows", f"{count}", "Add rows.")
    train, held_out = (draw_rows(table, count, seed) for table in tables[:2])
    places = Places.of(joined(train, held_out))
    x, h, g = map(places.points, (train, held_out, draw_rows(tables[2], most_rows, seed)))
    (of_train, to_train), (of_held, to_held) = (
        (rows[:, 0], distances[:, 0]) for rows, distances in (nearest(g, x), nearest(g, h))
    )
    is_tie = abs(to_train - to_held) <= TIE
    is_nearer = ~is_tie & (to_train < to_held)
    nearest_of_all = np.where(is_nearer, of_train, count + of_held)[~is_tie]
    # variance of the sum of these counts over a random half of the real rows
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
    """(M,) bool: rows that equal a training row in each column; missing equals missing.

    Args:
        train: (N,) numbers or text by name.
        rows: (M,) with the same names and kinds.

    Raises:
        InputError: tables that do not fit.
    """
    train, rows = check_alike(train=train, rows=rows)
    known, told = (np.zeros(num_rows(table), np.int64) for table in (train, rows))
    for name, values in train.items():
        first, second = common_codes(values, rows[name])
        size = 1 + max(first.max(), second.max())
        # renumbered after each column, so that the numbers stay small
        known, told = common_codes(known * size + first, told * size + second)
    return np.isin(told, known)
