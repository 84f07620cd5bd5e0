"""The agreement of predicted label maps with the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError
from condvae.evaluation.trial import Trial
from condvae.metrics.segmentation import intersection_over_union, pixel_accuracy

_ROWS = 100


@dataclass(frozen=True)
class Agreement:
    """Predicted label maps compared with true ones, over a whole split.

    Attributes:
        pixel_accuracy: share of the pixels that are correct.
        intersection_over_union: for each class by name; NaN for a class that is in neither map.
    """

    pixel_accuracy: float
    intersection_over_union: dict[str, float]

    @property
    def mean_iou(self) -> float:
        """Mean over the classes that occur."""
        return float(np.nanmean(list(self.intersection_over_union.values())))

    def __str__(self) -> str:
        classes = ", ".join(f"{k} {v:.3f}" for k, v in self.intersection_over_union.items())
        return f"pixel accuracy {self.pixel_accuracy:.4f}, mean IoU {self.mean_iou:.3f} ({classes})"


@dataclass(frozen=True)
class LabelMapQuality:
    """The agreement of a model's predictions with the truth.

    Attributes:
        mean: for the most probable class of the samples' mean; None for a network without latents.
        guess: for the most probable class of the baseline alone; None without a baseline.
        comparability: data, split, predictions and images that chose the epoch.
    """

    mean: Agreement | None
    guess: Agreement | None
    comparability: str

    def figures(self) -> dict[str, float | str]:
        """The figures, flat."""
        found = {"mean": self.mean, "guess": self.guess}
        figures: dict[str, float | str] = {"label_map_comparability": self.comparability}
        for name, agreement in found.items():
            if agreement is not None:
                figures[f"pixel_accuracy_{name}"] = agreement.pixel_accuracy
                figures[f"mean_iou_{name}"] = agreement.mean_iou
        return figures

    def __str__(self) -> str:
        found = (("samples' mean", self.mean), ("baseline alone", self.guess))
        lines = [f"{name}: {agreement}" for name, agreement in found if agreement]
        return "\n".join([*lines, f"({self.comparability})"])


def evaluate_label_maps(
    trial: Trial, split: str = "test", num_samples: int = 10, seed: int = 0
) -> LabelMapQuality:
    """Pixel accuracy and intersection over union of a run's predictions on a split of its data.

    Raises:
        InputError: the run does not predict label maps.
    """
    run, model = trial.run, trial.model
    names = run.record.preprocessing.pixel_classes
    if names is None:
        raise InputError("the run must predict label maps", "a run on images", "Use another run.")
    images = trial.images(split)
    y, truth = run.conditions(images), images.x[..., 0]
    mean = guess = None
    if model.latent_dim:
        # a few rows at a time, since the samples of all would fill the memory
        parts = [
            model.predict(y[first : first + _ROWS], num_samples, seed + first).mean.argmax(axis=-1)
            for first in range(0, len(y), _ROWS)
        ]
        mean = agreement(truth, np.concatenate(parts), names)
    if model.keras_model.baseline is not None:
        guess = agreement(truth, model.guess(y).argmax(axis=-1), names)
    comparability = run.comparability(split, f"the mean of {num_samples} samples for each image")
    return LabelMapQuality(mean, guess, comparability)


def agreement(truth: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> Agreement:
    """The agreement of predicted classes with true ones.

    Args:
        truth: (batch, height, width) classes.
        predicted: the same.
        names: names of the classes.
    """
    iou = intersection_over_union(truth, predicted, len(names))
    return Agreement(pixel_accuracy(truth, predicted), dict(zip(names, iou.tolist(), strict=True)))
