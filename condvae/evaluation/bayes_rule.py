"""Classification by Bayes' rule: which label makes x most probable."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.checks import InputError, check_at_least, check_shape
from condvae.trained import TrainedModel


@dataclass(frozen=True)
class LabelPosterior:
    """p(y | x) of a class-conditional model.

    Attributes:
        log_prob: log p(y | x), (batch, num_classes) nats, in the order of the classes' codes.
        log_marginal: log p(x), (batch,) nats.
    """

    log_prob: np.ndarray
    log_marginal: np.ndarray


def classify_by_bayes(
    model: TrainedModel,
    x: Any,
    num_samples: int = 100,
    *,
    label_prob: Any = None,
    screening: int | None = None,
    margin: float = 20.0,
    seed: int = 0,
) -> LabelPosterior:
    """log p(y | x) = log p(x | y) + log p(y) - log p(x), log p(x | y) by importance sampling.

    One label after the other, so that memory is that of `log_prob`. With screening every label is
    first estimated by a few samples, and only those within the margin of the best one, which
    is always among them, by all; the others keep their first estimate, whose error hardly counts
    where their probability is below exp(-margin). Estimates rise with the samples: an IWAE bound
    by 10 samples of 28 × 28 pixels is a few nats below that by 1,000.

    Args:
        model: of one class as y.
        x: images.
        num_samples: for each image and label.
        label_prob: (num_classes,) p(y), such as the classes' shares in the training rows; None:
            all the same.
        screening: samples of the first estimate; None: all labels get num_samples at once.
        margin: nats below the best label's log p(x, y), from where on a label is left as it is.
        seed: of z, the same for all labels, and of the one binarisation that all of them see.

    Raises:
        InputError: y is no class, or label_prob no probabilities of the classes.

    Source: Kingma et al. 2014, section 4.4 (M2 with all labels, 1,000 samples: 0.96 % on MNIST).
    """
    names, x = model.classes.categories, _drawn(model, np.asarray(x), seed)
    check_at_least(num_samples, 1, "num_samples")
    log_label = np.log(_checked_label_prob(label_prob, len(names)))
    first = num_samples if screening is None else check_at_least(screening, 1, "screening")
    log_joint = np.stack([model.log_prob(x, name, first, seed=seed) for name in names], axis=1)
    log_joint += log_label
    if screening is not None:
        near = log_joint >= log_joint.max(axis=1, keepdims=True) - margin
        for code, name in enumerate(names):
            if (rows := np.flatnonzero(near[:, code])).size:
                log_prob = model.log_prob(x[rows], name, num_samples, seed=seed)
                log_joint[rows, code] = log_prob + log_label[code]
    log_marginal = np.logaddexp.reduce(log_joint, axis=1)
    return LabelPosterior(log_joint - log_marginal[:, None], log_marginal)


def _drawn(model: TrainedModel, x: np.ndarray, seed: int) -> np.ndarray:
    """x, binarised once where each pass of the model would do it anew."""
    network = model.keras_model
    if not network.binarise:
        return x
    levels = x / network.x_max if x.dtype.kind in "iu" else x
    return (np.random.default_rng(seed).random(x.shape) < levels).astype("float32")


def _checked_label_prob(label_prob: Any, num_classes: int) -> np.ndarray:
    """(num_classes,) float64, positive, summing to one."""
    if label_prob is None:
        return np.full(num_classes, 1 / num_classes)
    label_prob = check_shape(np.asarray(label_prob, "float64"), (num_classes,), "label_prob")
    if not (label_prob > 0).all() or not np.isclose(label_prob.sum(), 1, atol=1e-4):
        raise InputError(
            "label_prob must be positive and sum to one",
            f"numbers from {label_prob.min():g}, with the sum {label_prob.sum():g}",
            "Pass the classes' shares.",
        )
    return label_prob
