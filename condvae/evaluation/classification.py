"""The error rate of a run's classifier."""

from dataclasses import dataclass

import numpy as np

from condvae.evaluation.trial import Trial


@dataclass(frozen=True)
class Classification:
    """The error of q(y | x) on a split.

    Attributes:
        error: share of the images whose most probable class is wrong.
        num_labelled: number of labels used in training.
        num_images: number of images in the split.
        comparability: data, split, labels and images that chose the epoch.
    """

    error: float
    num_labelled: int
    num_images: int
    comparability: str

    @property
    def standard_error(self) -> float:
        """Standard error of the error rate, from the number of images."""
        return float(np.sqrt(self.error * (1 - self.error) / self.num_images))

    def figures(self) -> dict[str, float | str]:
        """The figures, flat."""
        return {
            "classification_error": self.error,
            "classification_standard_error": self.standard_error,
            "num_labelled": self.num_labelled,
            "classification_comparability": self.comparability,
        }

    def __str__(self) -> str:
        return (
            f"error of q(y | x) {self.error:.2%} ± {self.standard_error:.2%} on "
            f"{self.num_images:,} images, {self.num_labelled:,} labels in training\n"
            f"({self.comparability})"
        )


def evaluate_classifier(trial: Trial, split: str = "test") -> Classification:
    """The error of a run's classifier on a split of its data, all of whose labels are read.

    Raises:
        InputError: the run has no classifier.
    """
    run, images = trial.run, trial.images(split)
    told = trial.model.classify(images.x).argmax(axis=1)
    return Classification(
        error=float(np.mean(told != images.given)),
        num_labelled=run.spec.data.labelled or len(trial.data.train.x),
        num_images=len(images.x),
        comparability=run.comparability(split, "the most probable class by q(y | x)"),
    )
