"""How well generated rows of a table stand for the real ones."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from condvae.evaluation.trial import Trial
from condvae.metrics.synthetic import (
    Transfer,
    correlation_distance,
    marginal_distance,
    train_on_synthetic,
)

LEAST_ROWS = 1_000


@dataclass(frozen=True)
class TableQuality:
    """Generated rows against real ones, the conditions drawn from the training rows.

    Attributes:
        target: the condition that a model predicts from the other columns.
        transfer: scores on real test rows of a model trained on real and on generated rows.
        marginal: mean distance of the columns' distributions to the training rows', 0 to 1.
        farthest: the column whose distance is greatest, and the distance.
        correlation: mean absolute difference of the associations of columns.
        num_rows: rows that were generated.
    """

    target: str
    transfer: Transfer
    marginal: float
    farthest: tuple[str, float]
    correlation: float
    num_rows: int

    def figures(self) -> dict[str, object]:
        """The same, flat."""
        return {
            "target": self.target,
            **{f"train_on_{name}": value for name, value in asdict(self.transfer).items()},
            "marginal_distance": self.marginal,
            "correlation_distance": self.correlation,
            "generated_rows": self.num_rows,
        }

    def __str__(self) -> str:
        name, distance = self.farthest
        return (
            f"{self.target!r} told from the other columns, tested on real rows: "
            f"{self.transfer.metric} {self.transfer.real:.3f} trained on real rows, "
            f"{self.transfer.synthetic:.3f} on {self.num_rows:,} generated ones\n"
            f"distance of columns {self.marginal:.3f} on average (greatest {distance:.3f}: "
            f"{name}), of their associations {self.correlation:.3f}, to the training rows"
        )


def evaluate_table(trial: Trial, seed: int = 0) -> TableQuality:
    """Train on synthetic, test on real, and distances to the real rows.

    Source: Esteban, Hyland & Rätsch 2017, section 4.1 (train on synthetic, test on real).
    """
    dataset = trial.data
    several, train = dataset.condition.by_name, dataset.train
    if dataset.raw is None or several is None:
        raise TypeError("a table has raw columns and conditions by name")
    # columns of several values a row have no distance here
    raw = {name: values for name, values in dataset.raw.items() if values.ndim == 1}
    real, test = (
        {name: values[rows] for name, values in raw.items()}
        for rows in (train.rows, dataset.test.rows)
    )
    # of a small table more rows than it has, so that chance in the draws matters less
    count = max(LEAST_ROWS, len(train.x))
    given = train.given[np.random.default_rng(seed).integers(len(train.given), size=count)]
    rows: Any = trial.model.generate(given, seed=seed)
    synthetic = {**rows, **several.decode(given)}
    synthetic = {name: _like(synthetic[name], raw[name]) for name in raw}
    leading = several.leading
    target = several.names[0] if leading is None else leading.name
    distances = marginal_distance(real, synthetic)
    farthest = max(distances, key=lambda name: distances[name])
    return TableQuality(
        target=target,
        transfer=train_on_synthetic(real, synthetic, test, target, seed, leading is not None),
        marginal=float(np.mean(list(distances.values()))),
        farthest=(farthest, distances[farthest]),
        correlation=correlation_distance(real, synthetic),
        num_rows=count,
    )


def _like(values: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Generated values as text or as numbers, whichever the real column holds."""
    if real.dtype.kind == "U":
        return values.astype(str)
    # classes that are numbers come as texts where some are missing
    if values.dtype.kind == "U":
        values = np.where(values == "", "nan", values)
    return values.astype("float64")
