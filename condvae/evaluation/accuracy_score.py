"""The classification accuracy score: do samples teach a classifier as well as real images do?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from condvae.data import Dataset
from condvae.evaluation.classifier import real_classifier, train_classifier
from condvae.evaluation.pixels import Pixels
from condvae.evaluation.samples import comparability
from condvae.runs import Run


@dataclass(frozen=True)
class AccuracyScore:
    """Accuracy on real test images of one classifier, by the images that it learned from.

    Attributes:
        generated: from samples alone: the classification accuracy score.
        real: from the real training images: the ceiling.
        both: from these and the samples together.
        num_train: samples, and real images; together twice as many.
        num_test: real test images.
        comparability: data, split, pixels, classifier and what chose the epoch.
    """

    generated: float
    real: float
    both: float
    num_train: int
    num_test: int
    comparability: str

    def figures(self) -> dict[str, object]:
        """The same, flat."""
        return {
            "classification_accuracy_score": self.generated,
            "classification_accuracy_of_real": self.real,
            "classification_accuracy_of_both": self.both,
            "classification_samples": self.num_train,
            "classification_comparability": self.comparability,
        }

    def __str__(self) -> str:
        return (
            f"told right of {self.num_test:,} real test images: {self.generated:.2%} by a "
            f"classifier trained on {self.num_train:,} samples alone, {self.real:.2%} on as many "
            f"real images, {self.both:.2%} on both\n({self.comparability})"
        )


def score_accuracy(
    run: Run, dataset: Dataset, seed: int = 0, cache: Path | None = None
) -> AccuracyScore:
    """Train on samples only, test on real images; beside it real ones, and both together.

    A sample is drawn for each training image, under its label, so that the sets differ in nothing
    else. Whether samples help where labels are few is `both` against `real` of a run on few images:
    with a run on many, samples beside few real images would bring in labels that those lack.

    Args:
        seed: of the samples and of the classifiers.
        cache: the folder that keeps the classifier of real images; None: the user's cache.

    Raises:
        InputError: other data than the run's.

    Source: Ravuri & Vinyals 2019, "Classification accuracy score for conditional generative
    models".
    """
    dataset = run.check_data(dataset)
    pixels, classes = Pixels.of_run(run, dataset), dataset.num_classes
    test = pixels.draw(pixels.rows(dataset.test.x, dataset.x_max), np.random.default_rng(seed))
    ceiling = real_classifier(dataset, pixels, seed, cache)
    train, codes = pixels.rows(dataset.train.x, dataset.x_max), dataset.train.given
    samples = pixels.generate(run.model, dataset.train.y, seed)
    of_samples = train_classifier(samples, codes, classes, pixels, seed)
    together, twice = np.concatenate([train, samples]), np.concatenate([codes, codes])
    of_both = train_classifier(together, twice, classes, pixels, seed)
    generated, real, both = (
        classifier.accuracy(test, dataset.test.given)
        for classifier in (of_samples, ceiling, of_both)
    )
    line = comparability(run, dataset, pixels, ceiling)
    return AccuracyScore(generated, real, both, len(samples), len(test), line)
