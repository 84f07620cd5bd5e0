"""Train on synthetic, test on real (TSTR)."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice
from condvae.metrics.auc import area_under_curve
from condvae.metrics.jackknife import jackknife_error
from condvae.metrics.tables.columns import Columns, check_alike, is_missing, is_text
from condvae.metrics.tables.learners import LEARNERS, one_thread

LEAST_GAIN = 2  # standard errors by which a target must be predicted better than by guessing


@dataclass(frozen=True)
class Score:
    """One score of a model trained on real rows, and of one trained on synthetic rows.

    Attributes:
        real: score after training on real rows, on real test rows.
        synthetic: score after training on synthetic rows, on the same test rows.
        error: standard error of their difference, from the test rows.
    """

    real: float
    synthetic: float
    error: float


@dataclass(frozen=True)
class Transfer:
    """How well a column is predicted from the others after training on some rows.

    Attributes:
        target: the column.
        learner: a name of `LEARNERS`.
        scores: scores by name. For two classes "F1" of the rarer one, "AUC" and "accuracy"; for
            more classes "macro F1" and "accuracy"; for a number "R²", from minus infinity (0: no
            better than the mean) to 1.
        is_told: whether the model trained on real rows is better than guessing by two standard
            errors: than the most frequent class, for two classes an AUC of 0.5, for a number the
            mean.
    """

    target: str
    learner: str
    scores: Mapping[str, Score]
    is_told: bool

    @property
    def main(self) -> str:
        """The name of the most informative score."""
        return next(name for name in ("AUC", "macro F1", "R²") if name in self.scores)


def train_on_synthetic(
    real_train: Mapping[str, np.ndarray],
    synthetic: Mapping[str, np.ndarray],
    real_test: Mapping[str, np.ndarray],
    target: str,
    learner: str = "forest",
    classify: bool = False,
    seed: int = 0,
) -> Transfer:
    """Train on synthetic rows and test on real ones, and for comparison train on real rows.

    Rows without a target are ignored.

    Args:
        real_train: (N,) numbers or text by name.
        synthetic: (M,) with the same names and kinds; ideally equally many rows.
        real_test: (K,) real rows that neither the generator nor the models saw.
        target: the column to predict from all others.
        learner: "linear", "forest" or "boosting", see `LEARNERS`.
        classify: whether a target of numbers consists of classes; a target of text always does.
        seed: seed of the models.

    Raises:
        InputError: tables that do not fit; no such target, no other column, a table in which no row
            has a target, or a target that is constant in `real_test`.

    Source: TSTR, Esteban, Hyland & Rätsch 2017, "Real-valued (medical) time series generation
    with recurrent conditional GANs", section 4.
    """
    tables = check_alike(real_train=real_train, synthetic=synthetic, real_test=real_test)
    check_choice(target, tables[0], "the target")
    check_choice(learner, LEARNERS, "the learner")
    if len(tables[0]) == 1:
        raise InputError(
            "the tables must have columns to predict the target from",
            f"{target!r} alone",
            "Add the other columns.",
        )
    classify = classify or is_text(tables[0][target])
    targets = _targets(tables, target, classify)
    tables = [
        {name: values for name, values in table.items() if name != target} for table in tables
    ]
    features, words = LEARNERS[learner].features(tables, tables[0])
    known = [~is_missing(values) for values in targets]
    x, y = (
        [part[rows] for part, rows in zip(parts, known, strict=True)]
        for parts in (features, targets)
    )
    y = [values.astype(int) for values in y] if classify else y
    told = []
    with one_thread():
        for x_of, y_of in zip(x[:2], y[:2], strict=True):
            model = LEARNERS[learner].make(words, classify, seed, len(x_of))
            told.append(_told(model, x_of, y_of, x[2], y, classify))
    measured = _Told(y[2], *told)
    return Transfer(target, learner, measured.scores(), measured.is_told(y[0]))


@dataclass(frozen=True)
class _Told:
    """The truth, and the predictions of two models: (N, classes) probabilities, or (N,) numbers."""

    truth: np.ndarray
    real: np.ndarray
    synthetic: np.ndarray

    def scores(self) -> dict[str, Score]:
        """Each score of both models, and the standard error of their difference."""
        return {name: self._score(measure) for name, measure in self._measures().items()}

    def is_told(self, y_train: np.ndarray) -> bool:
        """Whether the model trained on real rows is better than guessing by two standard errors."""
        if self.real.ndim == 1:
            gains = (self.truth - y_train.mean()) ** 2 - (self.truth - self.real) ** 2
        elif self.real.shape[1] == 2:
            if min(np.bincount(self.truth, minlength=2)) < 2:
                return False
            auc = area_under_curve(*_split_scores(self.truth, self.real, 1))
            return auc.value > 0.5 + LEAST_GAIN * auc.error
        else:
            commonest = np.bincount(y_train).argmax()
            right = self.real.argmax(axis=1) == self.truth
            gains = right.astype(float) - (self.truth == commonest)
        error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.inf
        return bool(gains.mean() > LEAST_GAIN * error)

    def _score(self, measure: Any) -> Score:
        """One score of both models, and the error of their difference."""

        def difference(rows: np.ndarray) -> float:
            told = (measure(self.truth[rows], of[rows]) for of in (self.synthetic, self.real))
            return next(told) - next(told)

        return Score(
            measure(self.truth, self.real),
            measure(self.truth, self.synthetic),
            jackknife_error(difference, len(self.truth)),
        )

    def _measures(self) -> dict[str, Any]:
        """Scores by name, as functions of the truth and the predictions."""
        if self.real.ndim == 1:
            return {"R²": _r2}
        if self.real.shape[1] > 2:
            return {"macro F1": _macro_f1, "accuracy": _accuracy}
        rarer = int(np.bincount(self.truth, minlength=2).argmin())
        return {
            "F1": lambda truth, told: _f1(truth, told, rarer),
            "AUC": lambda truth, told: _auc(truth, told, rarer),
            "accuracy": _accuracy,
        }


def _targets(tables: list[Columns], target: str, classify: bool) -> list[np.ndarray]:
    """The target of each table, with classes as codes from 0, and NaN for missing values."""
    parts = [table[target] for table in tables]
    for part, name in zip(parts, ("real_train", "synthetic", "real_test"), strict=True):
        if is_missing(part).all():
            raise InputError(
                f"{name} must have rows with a target", f"none with {target!r}", "Add some."
            )
    truth = parts[2][~is_missing(parts[2])]
    if (truth == truth[0]).all():
        shown = f"{truth[0]!s:.80}" if is_text(truth) else f"{truth[0]:g}"
        raise InputError(
            f"the target {target!r} must vary in real_test",
            f"{shown} in each row",
            "Add rows, or predict another column.",
        )
    if not classify:
        return parts
    whole = np.concatenate(parts)
    missing, codes = is_missing(whole), np.full(len(whole), np.nan)
    codes[~missing] = np.unique(whole[~missing], return_inverse=True)[1]
    return np.split(codes, np.cumsum([len(part) for part in parts])[:-1])


def _told(
    model: Any,
    x: np.ndarray,
    y: np.ndarray,
    x_test: np.ndarray,
    every_y: list[np.ndarray],
    classify: bool,
) -> np.ndarray:
    """Predictions for x_test of a model trained on (x, y)."""
    from sklearn.exceptions import ConvergenceWarning

    if not classify:
        return model.fit(x, y).predict(x_test)
    told = np.zeros((len(x_test), 1 + max(int(values.max()) for values in every_y)))
    if (y == y[0]).all():
        told[:, y[0]] = 1  # not every model can be trained on a single class
        return told

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last step is good enough
        model.fit(x, y)
    told[:, np.unique(y)] = model.predict_proba(x_test)
    return told


def _accuracy(truth: np.ndarray, told: np.ndarray) -> float:
    """Share of the rows predicted correctly."""
    return float((truth == told.argmax(axis=1)).mean())


def _f1(truth: np.ndarray, told: np.ndarray, label: int) -> float:
    """2 * correct / (predicted + present) for one class; 0 if it is neither."""
    is_told, is_there = told.argmax(axis=1) == label, truth == label
    either = is_told.sum() + is_there.sum()
    return float(2 * (is_told & is_there).sum() / either) if either else 0.0


def _macro_f1(truth: np.ndarray, told: np.ndarray) -> float:
    """Mean F1 of the classes that are present."""
    return float(np.mean([_f1(truth, told, label) for label in np.unique(truth).tolist()]))


def _auc(truth: np.ndarray, told: np.ndarray, label: int) -> float:
    """AUC of the probability of one class; NaN if there is only one class."""
    sides = _split_scores(truth, told, label)
    return area_under_curve(*sides).value if min(map(len, sides)) > 1 else float("nan")


def _split_scores(truth: np.ndarray, told: np.ndarray, label: int) -> tuple[Any, Any]:
    """The probability of one class, for its rows and for the others."""
    return told[truth == label, label], told[truth != label, label]


def _r2(truth: np.ndarray, told: np.ndarray) -> float:
    """Share of the variance explained."""
    spread = truth.var()
    return float(1 - ((truth - told) ** 2).mean() / spread) if spread else float("nan")
