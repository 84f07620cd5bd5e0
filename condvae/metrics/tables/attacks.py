"""What an attacker learns from synthetic rows: who was in the training rows, and what of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError
from condvae.metrics.auc import Auc, area_under_curve
from condvae.metrics.tables.columns import (
    Columns,
    check_alike,
    draw_rows,
    is_missing,
    is_text,
    joined,
    num_rows,
)
from condvae.metrics.tables.places import Places, nearest

NEAR = 0.05  # a number is told where the guess is as near as that share of the rows
BLOCK = 100  # victims at once


@dataclass(frozen=True)
class Inference:
    """An attacker who knows a training row but for a column, and guesses it.

    Attributes:
        synthetic: share of the guesses that are right, by the nearest synthetic row in all other
            columns; mean over the columns.
        held_out: the same by the nearest held-out row, of as many: what anyone learns from the
            population.
        error: standard error of the difference of the two, from the rows attacked.
        worst: the column whose guesses gain most, and that gain.
        num_victims: training rows attacked.
        num_known: synthetic rows, or held-out ones, that the attacker has.
    """

    synthetic: float
    held_out: float
    error: float
    worst: tuple[str, float]
    num_victims: int
    num_known: int


def infer_attributes(
    train: Mapping[str, np.ndarray],
    held_out: Mapping[str, np.ndarray],
    synthetic: Mapping[str, np.ndarray],
    most_victims: int = 1_000,
    most_rows: int = 5_000,
    seed: int = 0,
) -> Inference:
    """Attribute inference by the nearest row, distances as in `Places`.

    A word is told where it is the same; a number where 5 % of the training rows or fewer lie
    between.

    Args:
        train: (N,) numbers or text by name: what the model learned from, and who is attacked.
        held_out: (H,) real rows that it did not see.
        synthetic: (M,) of the same names and kinds.
        most_victims: rows attacked, drawn.
        most_rows: that the attacker has, drawn.
        seed: of the drawn rows.

    Raises:
        InputError: tables that do not fit, or one column alone.

    Source: Giomi et al. 2023, "A unified framework for quantifying privacy risk in synthetic data"
    (Anonymeter), whose baseline is rows of a control set as attacked ones; here as known ones.
    """
    train, held_out, synthetic = check_alike(train=train, held_out=held_out, synthetic=synthetic)
    if len(train) == 1:
        raise InputError(
            "the tables must have two columns or more, to guess one from the others",
            "one",
            "Bring the other columns.",
        )
    count = min(num_rows(held_out), num_rows(synthetic), most_rows)
    places = Places.of(train)
    victims = draw_rows(train, most_victims, seed)
    right = [
        _right_guesses(places, victims, draw_rows(known, count, seed))
        for known in (synthetic, held_out)
    ]
    gains = right[0] - right[1]
    by_row, by_column = gains.mean(axis=1), gains.mean(axis=0)
    worst = int(by_column.argmax())
    return Inference(
        synthetic=float(right[0].mean()),
        held_out=float(right[1].mean()),
        error=float(by_row.std(ddof=1) / np.sqrt(len(by_row))) if len(by_row) > 1 else np.nan,
        worst=(list(train)[worst], float(by_column[worst])),
        num_victims=len(by_row),
        num_known=count,
    )


def infer_membership(
    train: Mapping[str, np.ndarray],
    held_out: Mapping[str, np.ndarray],
    synthetic: Mapping[str, np.ndarray],
    most_rows: int = 5_000,
    seed: int = 0,
) -> Auc:
    """How well the distance to the nearest synthetic row tells training rows from held-out ones.

    The AUC of the attack that takes a row for one of training where a synthetic row is near: 0.5
    where it learns nothing.

    Args:
        train, held_out, synthetic: as in `infer_attributes`.
        most_rows: of each kind, drawn; of the real ones as many of both.
        seed: of the drawn rows.

    Raises:
        InputError: tables that do not fit, or fewer than two rows of a kind.

    Source: Chen, Yu, Zhang & Fritz 2020, "GAN-Leaks", section 4.2 (the attack without access to the
    model).
    """
    train, held_out, synthetic = check_alike(train=train, held_out=held_out, synthetic=synthetic)
    count = min(num_rows(train), num_rows(held_out), most_rows)
    real = [draw_rows(table, count, seed) for table in (train, held_out)]
    places = Places.of(joined(*real))
    known = places.points(draw_rows(synthetic, most_rows, seed))
    scores = [-nearest(places.points(rows), known)[1][:, 0] for rows in real]
    return area_under_curve(*np.round(scores, 9))  # ties stay ties


def _right_guesses(places: Places, victims: Columns, known: Columns) -> np.ndarray:
    """(victims, columns) 1 where the nearest known row in the other columns has the value."""
    blocks, others = places.blocks(victims), places.blocks(known)
    total = num_rows(victims)
    right = np.zeros((total, len(victims)))
    for start in range(0, total, BLOCK):
        rows = slice(start, start + BLOCK)
        distances = {name: _squares(block[rows], others[name]) for name, block in blocks.items()}
        whole = sum(distances.values(), np.zeros(()))
        for place, (name, values) in enumerate(victims.items()):
            guess = (whole - distances[name]).argmin(axis=1)
            if is_text(values):
                same = values[rows] == known[name][guess]
            else:
                near = abs(blocks[name][rows, 0] - others[name][guess, 0]) <= NEAR
                gaps = is_missing(values[rows]), is_missing(known[name][guess])
                same = np.where(gaps[0] | gaps[1], gaps[0] & gaps[1], near)
            right[rows, place] = same
    return right


def _squares(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(A, B) squared distances of (A, dim) and (B, dim)."""
    lengths = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)
    return lengths - 2 * first @ second.T
