"""A class-conditional model as a classifier: Bayes' rule, its calibration, and log p(x)."""

from dataclasses import dataclass

import numpy as np

from condvae.evaluation.scores import score_rows
from condvae.evaluation.trial import Trial
from condvae.metrics.calibration import Calibration, measure_calibration


@dataclass(frozen=True)
class LabelQuality:
    """Labels predicted by Bayes' rule from log p(x | y), with equal label probabilities.

    Attributes:
        calibration: accuracy, and whether p(y | x) agrees with the frequency of correct labels.
        log_marginal: mean log p(x), nats, a lower bound in expectation.
        standard_error: standard error of it, from the variation over the images.
        num_samples: number of draws of z for each image and each likely label.
        comparability: data, split, estimator.
    """

    calibration: Calibration
    log_marginal: float
    standard_error: float
    num_samples: int
    comparability: str

    def figures(self) -> dict[str, object]:
        """The same, flat."""
        return {
            "bayes_accuracy": self.calibration.accuracy,
            "bayes_negative_log_likelihood": self.calibration.negative_log_likelihood,
            "bayes_expected_calibration_error": self.calibration.expected_calibration_error,
            "bayes_num_images": self.calibration.num_rows,
            "log_marginal": self.log_marginal,
            "log_marginal_standard_error": self.standard_error,
            "num_samples": self.num_samples,
            "label_comparability": self.comparability,
        }

    def __str__(self) -> str:
        found = self.calibration
        error = np.sqrt(found.accuracy * (1 - found.accuracy) / found.num_rows)
        return (
            f"labels by Bayes' rule: accuracy {found.accuracy:.2%} ± {error:.2%}, "
            f"-log p(y | x) {found.negative_log_likelihood:.3f} nats, expected calibration error "
            f"{found.expected_calibration_error:.3f}; -log p(x) {-self.log_marginal:.2f} ± "
            f"{self.standard_error:.2f} nats\n({self.comparability})"
        )


def evaluate_labels(
    trial: Trial,
    split: str = "test",
    num_images: int | None = 1_000,
    num_samples: int = 100,
    seed: int = 0,
    num_binarisations: int = 1,
) -> LabelQuality:
    """log p(y | x) and log p(x) of a split's first images; None: of all images.

    num_binarisations: number of binarisations over which log p(x | y) is averaged, for a model that
        binarises at each pass.

    Source: Kingma et al. 2014 (Bayes' rule); Guo et al. 2017 (calibration).
    """
    run, images, model = trial.run, trial.images(split), trial.model
    x, y = images.x[:num_images], images.y[:num_images]
    scores = score_rows(model, x, y, num_samples, seed, num_binarisations)
    error = scores.log_prob.std(ddof=1) / np.sqrt(len(x))
    estimator = (
        f"{num_samples} draws of z for each of {len(x):,} images and each label that a first "
        "estimate does not rule out"
    )
    if model.keras_model.binarise:
        drawn = "one" if num_binarisations == 1 else f"each of {num_binarisations}"
        estimator += f", of {drawn} of their binarisations"
    return LabelQuality(
        calibration=measure_calibration(scores.log_posterior, run.record.classes.codes(y)),
        log_marginal=float(scores.log_prob.mean()),
        standard_error=float(error),
        num_samples=num_samples,
        comparability=run.comparability(split, f"importance sampling, {estimator}"),
    )
