"""Whether a classifier can tell synthetic rows from real ones."""

from collections.abc import Mapping

import numpy as np

from condvae.checks import InputError
from condvae.metrics.auc import Auc, area_under_curve
from condvae.metrics.tables.columns import check_alike, draw_rows, num_rows
from condvae.metrics.tables.learners import boosting, boosting_features, one_thread


def detection_auc(
    real: Mapping[str, np.ndarray],
    synthetic: Mapping[str, np.ndarray],
    folds: int = 5,
    seed: int = 0,
) -> Auc:
    """AUC of a classifier that tells synthetic from real rows, on rows that it did not learn from.

    0.5: they cannot be told apart; 1: each is recognised. As many rows of a side, drawn from the
    larger table. The classifier is histogram boosting with scikit-learn's defaults (100 trees of
    31 leaves, rate 0.1), words as categories and missing values as they are; the value is the mean
    of the folds'.

    Args:
        real: (N,) numbers or text by name.
        synthetic: (M,) of the same names and kinds; real rows show what can be reached.
        folds: parts of the rows, each told by a classifier that learned from the others.
        seed: of the drawn rows, the folds and the classifiers.

    Raises:
        InputError: tables that do not fit, or fewer than two rows a side in each fold.

    Source: Lopez-Paz & Oquab 2017, "Revisiting classifier two-sample tests".
    """
    from sklearn.model_selection import StratifiedKFold

    real, synthetic = check_alike(real=real, synthetic=synthetic)
    count = min(num_rows(real), num_rows(synthetic))
    if count < 2 * folds:
        raise InputError(
            f"telling synthetic from real rows needs {2 * folds} rows or more of each",
            f"{count}",
            "Bring more rows, or take fewer folds.",
        )
    sides = [draw_rows(table, count, seed) for table in (real, synthetic)]
    features, words = boosting_features(sides, sides[0])
    x, y = np.concatenate(features), np.repeat([0, 1], count)
    areas, parts = [], StratifiedKFold(folds, shuffle=True, random_state=seed)
    with one_thread():
        for learned, told in parts.split(x, y):
            model = boosting(words, True, seed, len(learned)).fit(x[learned], y[learned])
            score = model.predict_proba(x[told])[:, 1]
            areas.append(area_under_curve(score[y[told] == 1], score[y[told] == 0]))
    return Auc(
        float(np.mean([area.value for area in areas])),
        float(np.sqrt(np.sum([area.error**2 for area in areas])) / folds),
    )
