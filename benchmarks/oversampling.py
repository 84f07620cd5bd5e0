"""A rare class filled up: condvae's Oversampler beside imbalanced-learn's, and beside nothing.

Digits with 5 % of the training 8s kept; five stratified splits, a fifth to test.
The recall of the 8s, and the accuracy of all, by a random forest that learns from what each makes.

    pip install imbalanced-learn
    python benchmarks/oversampling.py
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedShuffleSplit

from condvae.sklearn import Oversampler

RARE, KEPT, SPLITS = 8, 0.05, 5


def contenders(seed: int) -> dict[str, Callable]:
    """Name -> (X, y) -> (X, y), of as many rows of each class."""
    from imblearn.over_sampling import SMOTE, RandomOverSampler

    return {
        "none": lambda X, y: (X, y),
        "random duplication": RandomOverSampler(random_state=seed).fit_resample,
        "SMOTE": SMOTE(random_state=seed, k_neighbors=5).fit_resample,
        "condvae, nothing chosen": Oversampler(random_state=seed).fit_resample,
        "condvae, images, 8 latents": Oversampler(
            random_state=seed, image_shape=(8, 8, 1), latent_dim=8
        ).fit_resample,
    }


def main() -> None:
    """A row for each contender."""
    X, y = load_digits(return_X_y=True)
    splits = StratifiedShuffleSplit(SPLITS, test_size=0.2, random_state=0)
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed, (train, test) in enumerate(splits.split(X, y)):
        rare = train[y[train] == RARE]
        kept = np.random.default_rng(seed).choice(rare, round(KEPT * len(rare)), replace=False)
        rows = np.concatenate([train[y[train] != RARE], kept])
        for name, resample in contenders(seed).items():
            begun = time.process_time()
            X_even, y_even = resample(X[rows], y[rows])
            spent = time.process_time() - begun
            forest = RandomForestClassifier(200, random_state=seed).fit(X_even, y_even)
            told = forest.predict(X[test])
            recall = (told[y[test] == RARE] == RARE).mean()
            found.setdefault(name, []).append((recall, (told == y[test]).mean(), spent))
            print(seed, name, f"{len(kept)} kept", found[name][-1], file=sys.stderr, flush=True)
    print(f"| | recall of {RARE} | of each split | accuracy | CPU s |\n|---|---|---|---|---|")
    for name, results in found.items():
        recalls, accuracies, seconds = np.array(results).T
        each = ", ".join(f"{recall:.2f}" for recall in recalls)
        print(
            f"| {name} | {recalls.mean():.3f} | {each} | {accuracies.mean():.3f} | "
            f"{seconds.mean():.1f} |"
        )


if __name__ == "__main__":
    main()
