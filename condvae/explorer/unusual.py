"""Rows of the data that stand out, from a table of `condvae score` or `condvae audit`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.data.tables import read_table

NUM_UNUSUAL = 24
COLUMNS = ("row", "label", "log_prob_given_label", "label_margin", "best_label", "best_label_prob")
REMEDY = "Write it with `condvae score RUN DATA --out scores.csv`, where DATA is the training data."


@dataclass(frozen=True)
class Unusual:
    """Training rows whose image, or whose label, is least plausible.

    Attributes:
        images: (n,) numbers of rows in the data set, with the least plausible image under its label
            first.
        labels: (m,) likewise for the label; for each, another label is more probable.
        log_prob: log p(x | y) of all these rows, nats, by row.
        ranks: number of scored training rows that are less plausible, by row.
        best: the most probable label, by row, and its probability.
        num_rows: number of scored training rows.
    """

    images: np.ndarray
    labels: np.ndarray
    log_prob: dict[int, float]
    ranks: dict[int, int]
    best: dict[int, tuple[str, float]]
    num_rows: int

    @property
    def rows(self) -> np.ndarray:
        """All of them, ascending."""
        return np.union1d(self.images, self.labels)

    def for_page(self, rows: np.ndarray) -> dict[str, Any]:
        """The page's data about them, with positions among the shown rows in place of numbers.

        Args:
            rows: (N,) ascending, the numbers of the rows that are shown.
        """

        def facts(row: int) -> dict[str, Any]:
            label, prob = self.best[row]
            return {
                "place": int(np.searchsorted(rows, row)),
                "log_prob": self.log_prob[row],
                "rank": self.ranks[row],
                "best": label,
                "prob": prob,
            }

        return {
            "num_rows": self.num_rows,
            "images": [facts(row) for row in self.images.tolist() if row in rows],
            "labels": [facts(row) for row in self.labels.tolist() if row in rows],
        }


def read_unusual(
    path: Path, rows: np.ndarray, labels: np.ndarray, most: int = NUM_UNUSUAL
) -> Unusual:
    """The rows of a table of scores that stand out.

    Args:
        path: path of the table.
        rows: (N,) ascending, the numbers of the training rows in the data set; others are ignored.
        labels: (N,) their labels, which show whether the table is of these data.
        most: number of rows to take by the image, and by the label.

    Raises:
        InputError: no such table, or one of other data.
    """
    columns = read_table(path).columns
    if missing := [name for name in COLUMNS if name not in columns]:
        raise InputError(
            f"{path} must have the columns {', '.join(COLUMNS)}",
            f"none named {', '.join(missing)}",
            REMEDY,
        )
    row, log_prob, margin, prob = (
        np.asarray(columns[name], float)
        for name in ("row", "log_prob_given_label", "label_margin", "best_label_prob")
    )
    given, best = (_names(columns[name]) for name in ("label", "best_label"))
    row = row.astype(int)
    place = np.searchsorted(rows, row).clip(max=len(rows) - 1)
    ours = rows[place] == row
    wrong = ours & (given != _names(labels)[place])
    if wrong.any() or not ours.any():
        what = (
            f"label {given[wrong][0]} in row {row[wrong][0]:,}, which has another one"
            if wrong.any()
            else "no row of the training data"
        )
        raise InputError(f"{path} must be of the data of the run", what, REMEDY)
    row, log_prob, margin, prob, best = (part[ours] for part in (row, log_prob, margin, prob, best))
    by_image = np.argsort(log_prob, kind="stable")
    by_label = np.argsort(margin, kind="stable")
    by_label = by_label[margin[by_label] < 0]
    rank = np.empty(len(row), int)
    rank[by_image] = np.arange(len(row))
    shown = np.union1d(by_image[:most], by_label[:most])
    numbers = row[shown].tolist()
    return Unusual(
        row[by_image[:most]],
        row[by_label[:most]],
        dict(zip(numbers, log_prob[shown].tolist(), strict=True)),
        dict(zip(numbers, rank[shown].tolist(), strict=True)),
        dict(
            zip(numbers, zip(best[shown].tolist(), prob[shown].tolist(), strict=True), strict=True)
        ),
        len(row),
    )


def _names(labels: Any) -> np.ndarray:
    """Labels as text: a table stores integers as floats."""
    labels = np.asarray(labels)
    if labels.dtype.kind == "f" and (labels == np.rint(labels)).all():
        labels = labels.astype("int64")
    return labels.astype(str)
