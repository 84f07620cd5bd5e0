"""Whether z contains information about y, although it should describe the style only."""

from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError, check_at_least, check_choice, check_shape
from condvae.metrics.inputs import check_rows

PROBES = ("linear", "neighbours")
NEIGHBOURS = 10


@dataclass(frozen=True)
class Leakage:
    """How well a probe predicts the label from z, on held-out rows.

    Attributes:
        balanced_accuracy: mean over the labels of the share of their rows predicted correctly, from
            0 to 1.
        standard_error: standard error of it, from the number of rows of each label.
        chance: accuracy of guessing, 1 / number of labels.
        probe: "linear" or "neighbours".
        num_rows: number of rows predicted.
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

    "linear" is logistic regression on standardised latents, with equal weights of the labels. It
    does not detect a label that determines only the shape of a cluster, which the vote of the 10
    nearest "neighbours" does. Under a prior that does not depend on the label, z without
    information about it gives the accuracy of guessing.

    Args:
        z: (N, latent_dim) posterior means, or draws, which are less informative.
        labels: (N,) labels of two or more kinds.
        probe: "linear" or "neighbours".
        folds: number of parts of the rows, each predicted by a probe trained on the others.
        seed: seed of the division into parts.

    Raises:
        InputError: shapes that do not fit, values that are not finite, only one label, or a label
            with fewer rows than folds.

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
            f"the labels must be of at least two kinds, each in at least {folds} rows",
            f"{len(classes)} kinds, one of them in {counts.min() if len(counts) else 0} rows",
            "Add rows, or use fewer folds.",
        )
    if probe == "linear":
        regression = LogisticRegression(class_weight="balanced", max_iter=1_000)
        # scaled within each fold, using the training rows of the probe
        classifier = make_pipeline(StandardScaler(), regression)
    else:
        classifier = KNeighborsClassifier(min(NEIGHBOURS, len(z) // 2))
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    told = cross_val_predict(classifier, z, codes, cv=parts) == codes
    shares = np.bincount(codes, told) / counts
    return Leakage(
        balanced_accuracy=float(shares.mean()),
        # binomial for each label; the balanced accuracy is their unweighted mean
        standard_error=float(np.sqrt((shares * (1 - shares) / counts).sum()) / len(classes)),
        chance=1 / len(classes),
        probe=probe,
        num_rows=len(z),
    )
