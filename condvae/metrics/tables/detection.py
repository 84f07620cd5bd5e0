"""Whether a classifier can distinguish synthetic rows from real ones."""

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
    """AUC of a classifier that distinguishes synthetic from real rows, on held-out rows.

    0.5: they cannot be distinguished; 1: each row is recognised. Equally many rows are used of both
    sides, drawn from the larger table. The classifier is histogram gradient boosting with
    scikit-learn's defaults (100 trees of 31 leaves, rate 0.1), with words as categories and native
    missing values; the result is the mean over the folds.

    Args:
        real: (N,) numbers or text by name.
        synthetic: (M,) with the same names and kinds; further real rows give a reference.
        folds: number of parts of the rows, each classified after training on the others.
        seed: seed of the drawn rows, the folds and the classifiers.

    Raises:
        InputError: tables that do not fit, or fewer than two rows of either side in each fold.

    Source: Lopez-Paz & Oquab 2017, "Revisiting classifier two-sample tests".
    """
    from sklearn.model_selection import StratifiedKFold

    real, synthetic = check_alike(real=real, synthetic=synthetic)
    count = min(num_rows(real), num_rows(synthetic))
    if count < 2 * folds:
        raise InputError(
            f"telling synthetic from real rows requires at least {2 * folds} rows of each",
            f"{count}",
            "Add rows, or use fewer folds.",
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
