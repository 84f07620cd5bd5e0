"""The classification accuracy score: how useful samples are for training a classifier."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from condvae.conditions import check_categorical
from condvae.evaluation.classifier import Classifier, real_classifier, train_classifier
from condvae.evaluation.pixels import Pixels
from condvae.evaluation.samples import comparability
from condvae.evaluation.trial import Trial


@dataclass(frozen=True)
class AccuracyScore:
    """Accuracy on real test images of classifiers trained on different images.

    Attributes:
        generated: after training on samples only: the classification accuracy score.
        real: after training on the real training images, or, for a run with few labels, on those
            with a label; the ceiling if all have one.
        both: after training on these and the samples together.
        num_samples: number of samples.
        num_real: number of real images.
        num_test: number of real test images.
        comparability: data, split, pixels, classifier and images that chose the epoch.
    """

    generated: float
    real: float
    both: float
    num_samples: int
    num_real: int
    num_test: int
    comparability: str

    def figures(self) -> dict[str, object]:
        """The scores, flat."""
        return {
            "classification_accuracy_score": self.generated,
            "classification_accuracy_of_real": self.real,
            "classification_accuracy_of_both": self.both,
            "classification_samples": self.num_samples,
            "classification_real": self.num_real,
            "classification_comparability": self.comparability,
        }

    def __str__(self) -> str:
        return (
            f"accuracy on {self.num_test:,} real test images: {self.generated:.2%} for a "
            f"classifier trained on {self.num_samples:,} samples only, {self.real:.2%} on "
            f"{self.num_real:,} real images, {self.both:.2%} on both\n({self.comparability})"
        )


def score_accuracy(trial: Trial, seed: int = 0, cache: Path | None = None) -> AccuracyScore:
    """Train on samples only and test on real images; compare with real images, and both together.

    One sample is drawn for each training image, under its label, so that the sets differ in nothing
    else. For a run that used few labels, the real images are those with a label, and the samples,
    still as many as all training images, have labels in the same proportions: comparing `both` with
    `real` shows whether samples help. For a run on all labels it does not: with only few real
    images, its samples would add labels that those lack.

    Args:
        seed: seed of the samples and of the classifiers.
        cache: folder for the classifier of real images; None: the user's cache.

    Source: Ravuri & Vinyals 2019, "Classification accuracy score for conditional generative
    models".
    """
    run, dataset = trial.run, trial.data
    pixels, shape = Pixels.of_run(run, dataset), dataset.image_shape
    test = pixels.draw(pixels.rows(dataset.test.x, dataset.x_max), np.random.default_rng(seed))
    train, codes = pixels.rows(dataset.train.x, dataset.x_max), dataset.train.given

    def learn(rows: np.ndarray, codes: np.ndarray) -> Classifier:
        return train_classifier(rows, codes, dataset.num_classes, pixels, seed, image_shape=shape)

    if dataset.labelled is None:
        known, of_real = np.arange(len(codes)), real_classifier(dataset, pixels, seed, cache)
    else:
        known = dataset.labelled
        of_real = learn(train[known], codes[known])
    # repeated from the start, which keeps the proportions apart from a remainder
    asked = np.resize(codes[known], len(codes))
    labels = check_categorical(dataset.condition).labels(asked)
    samples = pixels.generate(trial, labels, seed)
    of_samples = learn(samples, asked)
    both = np.concatenate([train[known], samples]), np.concatenate([codes[known], asked])
    of_both = learn(*both)
    return AccuracyScore(
        *(told.accuracy(test, dataset.test.given) for told in (of_samples, of_real, of_both)),
        num_samples=len(samples),
        num_real=len(known),
        num_test=len(test),
        comparability=comparability(trial, pixels, of_real),
    )
