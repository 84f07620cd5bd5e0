"""Privacy attacks: what synthetic rows reveal about the presence and values of training rows."""

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

NEAR = 0.05  # a number is guessed if at most this share of the rows is between it and the guess
BLOCK = 100  # victims processed at a time


@dataclass(frozen=True)
class Inference:
    """An attacker who knows all but one column of a training row, and guesses that column.

    Attributes:
        synthetic: share of the guesses that are right, using the nearest synthetic row in all other
            columns; mean over the columns.
        held_out: the same with the nearest of equally many held-out rows: what the population
            reveals.
        error: standard error of the difference of the two, from the rows attacked.
        worst: the column whose guesses gain most, and that gain.
        num_victims: number of training rows attacked.
        num_known: number of synthetic, or held-out, rows that the attacker has.
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
    """Attribute inference by the nearest row, with distances as in `Places`.

    A word is guessed if it is the same; a number if at most 5 % of the training rows are between it
    and the guess.

    Args:
        train: (N,) numbers or text by name: the training rows, which are attacked.
        held_out: (H,) real rows that the model did not see.
        synthetic: (M,) with the same names and kinds.
        most_victims: largest number of rows attacked, drawn at random.
        most_rows: largest number of rows that the attacker has, drawn at random.
        seed: seed of these draws.

    Raises:
        InputError: tables that do not fit, or only one column.

    Source: Giomi et al. 2023, "A unified framework for quantifying privacy risk in synthetic data"
    (Anonymeter), whose baseline attacks rows of a control set; here these are the known rows.
    """
    train, held_out, synthetic = check_alike(train=train, held_out=held_out, synthetic=synthetic)
    if len(train) == 1:
        raise InputError(
            "the tables must have at least two columns, to guess one from the others",
            "one",
            "Add the other columns.",
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
    """How well the distance to the nearest synthetic row separates training and held-out rows.

    It is the AUC of the attack that considers a row a training row if a synthetic row is near: 0.5
    if the attack learns nothing.

    Args:
        train, held_out, synthetic: as in `infer_attributes`.
        most_rows: largest number of rows of each kind, drawn at random; equally many real rows of
            both kinds.
        seed: seed of these draws.

    Raises:
        InputError: tables that do not fit, or fewer than two rows of either kind.

    Source: Chen, Yu, Zhang & Fritz 2020, "GAN-Leaks", section 4.2 (the attack without access to the
    model).
    """
    train, held_out, synthetic = check_alike(train=train, held_out=held_out, synthetic=synthetic)
    count = min(num_rows(train), num_rows(held_out), most_rows)
    real = [draw_rows(table, count, seed) for table in (train, held_out)]
    places = Places.of(joined(*real))
    known = places.points(draw_rows(synthetic, most_rows, seed))
    scores = [-nearest(places.points(rows), known)[1][:, 0] for rows in real]
    return area_under_curve(*np.round(scores, 9))  # rounding keeps ties


def _right_guesses(places: Places, victims: Columns, known: Columns) -> np.ndarray:
    """(victims, columns) 1 if the nearest known row in the other columns has the same value."""
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
    """(A, B) squared distances between (A, dim) and (B, dim)."""
    lengths = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)
    return lengths - 2 * first @ second.T
