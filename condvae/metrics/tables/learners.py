"""The models that predict a column from the others, and the features that they use."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.metrics.tables.columns import (
    Columns,
    codes_in,
    common_codes,
    common_words,
    is_missing,
    is_text,
)

TREES = 200
MOST_ROWS_A_TREE = 10_000  # limits the time: a forest hardly gains from more
MOST_CATEGORIES = 254  # per column in boosting, which stores them in a byte; rarer ones are joined
MOST_WORDS = 100  # per column in the linear model
MOST = float(np.finfo(np.float32).max)  # the forest works in float32

Features = tuple[list[np.ndarray], np.ndarray]  # of each table, and which columns are words


@dataclass(frozen=True)
class Learner:
    """A model with fixed settings, and its features of a table.

    Attributes:
        name: name for display.
        features: from tables, and the table from which encodings are computed, to (N, dim) float64
            of each, and which of its columns are words.
        make: from which columns are words, whether to classify, a seed and the number of training
            rows, to an unfitted model.
    """

    name: str
    features: Callable[[Sequence[Columns], Columns], Features]
    make: Callable[[np.ndarray, bool, int, int], Any]


@contextmanager
def one_thread() -> Iterator[None]:
    """Fit and predict with one thread: boosting threads wait for each other on a busy machine."""
    import sklearn.ensemble  # noqa: F401  only libraries that are loaded are limited
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def forest(words: np.ndarray, classify: bool, seed: int, num_rows: int) -> Any:
    """A random forest: with default settings it is robust on 150 rows, where boosting overfits."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if classify else RandomForestRegressor
    return kind(TREES, max_samples=min(num_rows, MOST_ROWS_A_TREE), random_state=seed)


def boosting(words: np.ndarray, classify: bool, seed: int, num_rows: int) -> Any:
    """Histogram gradient boosting with scikit-learn's defaults, always with all 100 trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    return kind(categorical_features=words, early_stopping=False, random_state=seed)


def linear(words: np.ndarray, classify: bool, seed: int, num_rows: int) -> Any:
    """Logistic regression, or ridge regression for a number, on standardised columns."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(max_iter=300) if classify else Ridge()
    return make_pipeline(StandardScaler(), model)


def forest_features(tables: Sequence[Columns], measured: Columns) -> Features:
    """Words become codes, which trees split as often as needed, and a missing word is a word."""
    return _side_by_side(
        tables,
        lambda name, parts: common_codes(*parts) if is_text(parts[0]) else parts,
    )


def boosting_features(tables: Sequence[Columns], measured: Columns) -> Features:
    """Words become categories by their frequencies, with the rarest ones joined."""

    def coded(name: str, parts: list[np.ndarray]) -> list[np.ndarray]:
        if not is_text(parts[0]):
            return parts
        order = common_words(measured[name], MOST_CATEGORIES)
        return [codes_in(part, order) for part in parts]

    return _side_by_side(tables, coded)


def linear_features(tables: Sequence[Columns], measured: Columns) -> Features:
    """Words become indicator columns; numbers with missing values get an additional indicator."""
    parts: list[list[np.ndarray]] = [[] for _ in tables]
    for name, values in measured.items():
        order = common_words(values, MOST_WORDS) if is_text(values) else np.empty(0)
        ever = any(is_missing(table[name]).any() for table in tables)
        for part, table in zip(parts, tables, strict=True):
            if is_text(values):
                part.append(np.eye(len(order) + 1)[codes_in(table[name], order)])
                continue
            missing = is_missing(table[name])
            known = values[~is_missing(values)]
            middle = np.median(known) if len(known) else 0.0
            part.append(np.clip(np.where(missing, middle, table[name]), -MOST, MOST)[:, None])
            if ever:
                part.append(missing[:, None].astype(np.float64))
    whole = [np.concatenate(part, axis=1) for part in parts]
    return whole, np.zeros(whole[0].shape[1], bool)


def _side_by_side(
    tables: Sequence[Columns], coded: Callable[[str, list[np.ndarray]], list[np.ndarray]]
) -> Features:
    """(N, F) float64 of each table, with one column for each column of the table."""
    columns = [coded(name, [table[name] for table in tables]) for name in tables[0]]
    words = np.array([is_text(values) for values in tables[0].values()])
    stacked = [np.stack(part, axis=1, dtype=np.float64) for part in zip(*columns, strict=True)]
    return [np.clip(part, -MOST, MOST) for part in stacked], words


LEARNERS: Mapping[str, Learner] = {
    "linear": Learner("linear", linear_features, linear),
    "forest": Learner("random forest", forest_features, forest),
    "boosting": Learner("boosting", boosting_features, boosting),
}
