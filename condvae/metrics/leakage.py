"""Whether z tells y: what should be style alone may hold the label."""

from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError, check_at_least, check_choice, check_shape
from condvae.metrics.inputs import check_rows

PROBES = ("linear", "neighbours")
NEIGHBOURS = 10


@dataclass(frozen=True)
class Leakage:
    """How well a probe tells the label from z, on rows that it did not learn from.

    Attributes:
        balanced_accuracy: mean over the labels of the share of their rows told right, from 0 to 1.
        standard_error: of it, from the number of rows of each label.
        chance: what guessing gets, 1 / number of labels.
        probe: "linear" or "neighbours".
        num_rows: rows told.
    """

    balanced_accuracy: float
    standard_error: float
    chance: float
    probe: str
    num_rows: int


def probe_labels(
    z: np.ndarray, labels: np.ndarray, probe: str = "linear", folds: int = 5, seed: int = 0
) -> Leakage:
    """Cross-validated accuracy of a classifier from z to the label.

    "linear" is logistic regression on standardised latents, the labels weighing the same. It
    misses a label that only the form of a cloud tells, which the vote of the 10 nearest
    "neighbours" finds. Under a prior that does not know the label, a z without it is at chance.

    Args:
        z: (N, latent_dim) posterior means, or draws, which tell less.
        labels: (N,) of two kinds or more.
        probe: "linear" or "neighbours".
        folds: parts of the rows, each told by a probe that learned from the others.
        seed: of the parts.

    Raises:
        InputError: shapes that do not fit, a value that is not finite, one label alone, or a
            label with fewer rows than folds.

    Source: Alain & Bengio 2016, "Understanding intermediate layers using linear classifier
    probes"; Brodersen et al. 2010 for the balanced accuracy.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    z = check_rows(z, "z")
    labels = check_shape(np.asarray(labels), (len(z),), "the labels")
    check_choice(probe, PROBES, "the probe")
    check_at_least(folds, 2, "the number of folds")
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(classes) < 2 or counts.min() < folds:
        raise InputError(
            f"the labels must be of two kinds or more, each in {folds} or more rows",
            f"{len(classes)} kinds, one of them in {counts.min() if len(counts) else 0} rows",
            "Bring more rows, or take fewer folds.",
        )
    if probe == "linear":
        regression = LogisticRegression(class_weight="balanced", max_iter=1_000)
        # scaled within each fold, by the rows that the probe learns from
        classifier = make_pipeline(StandardScaler(), regression)
    else:
        classifier = KNeighborsClassifier(min(NEIGHBOURS, len(z) // 2))
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    told = cross_val_predict(classifier, z, codes, cv=parts) == codes
    shares = np.bincount(codes, told) / counts
    return Leakage(
        balanced_accuracy=float(shares.mean()),
        # binomial for each label; the balanced accuracy is their plain mean
        standard_error=float(np.sqrt((shares * (1 - shares) / counts).sum()) / len(classes)),
        chance=1 / len(classes),
        probe=probe,
        num_rows=len(z),
    )
