"""The choice of columns that are worth predicting from the others."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from condvae.metrics.tables.associations import association_matrix
from condvae.metrics.tables.columns import check_alike, is_missing, is_text

MOST_CLASSES = 20


@dataclass(frozen=True)
class Targets:
    """The columns of a table by whether they are worth predicting.

    Attributes:
        asked: columns to predict, starting with those on which the rows were conditioned.
        constant: columns with a single value.
        not_asked: all others: with more than 20 classes, or beyond the largest number of targets.
    """

    asked: tuple[str, ...]
    constant: tuple[str, ...]
    not_asked: tuple[str, ...]


def choose_targets(
    real: Mapping[str, np.ndarray],
    first: Collection[str] = (),
    classes: Collection[str] = (),
    most: int = 8,
) -> Targets:
    """The columns to predict, by rule: `first`, then those most associated with another column.

    Args:
        real: (N,) numbers or text by name.
        first: columns that come first, such as conditions.
        classes: columns of numbers that are classes.
        most: largest number of targets.
    """
    (columns,) = check_alike(real=real)
    strength = abs(association_matrix(columns) - np.eye(len(columns))).max(axis=1)
    strongest = dict(zip(columns, strength.tolist(), strict=True))
    order = sorted(columns, key=lambda name: (name not in first, -strongest[name]))
    sizes = {name: len(np.unique(v[~is_missing(v)])) for name, v in columns.items()}
    constant = tuple(name for name in order if sizes[name] < 2)
    able = [
        name
        for name in order
        if name not in constant
        and (sizes[name] <= MOST_CLASSES or not (is_text(columns[name]) or name in classes))
    ]
    asked = tuple(able[:most])
    rest = tuple(name for name in columns if name not in (*asked, *constant))
    return Targets(asked, constant, rest)
