"""Diagnosis of a model, in sentences that name the cause and the remedy."""

from dataclasses import dataclass

import numpy as np

from condvae.blocks import slices
from condvae.evaluation.detail import can_be_blurred, detail_of_samples
from condvae.evaluation.latents import decode_under_every_label, swapped_label_cost
from condvae.evaluation.trial import Trial
from condvae.likelihoods import likelihood_named
from condvae.metrics.latent import active_units, condition_share
from condvae.metrics.leakage import probe_labels
from condvae.metrics.spectrum import FineDetail

NUM_IMAGES = 1_000
MOST_NUMBERS = 2**21  # pixels in float64 at a time
# lower bound: a latent that is in use carries at least some tenths of a nat
LEAST_KL = 0.1
LEAST_LABEL_SHARE = 0.02
LEAST_SWAPPED_LABEL = 1.0
# upper bound, relative to the range from chance to certainty
MOST_LEAKAGE = 0.5
# relative to the power of real images: CIFAR-10 photographs after a Gaussian blur of one pixel
LEAST_DETAIL = 0.1


@dataclass(frozen=True)
class Signs:
    """The quantities that the doctor checks; means over images.

    Attributes:
        loss: reconstruction_loss + kl_loss, nats.
        kl_loss: KL divergence, nats.
        mean_image_loss: -log p(x) of Bernoulli pixels with the training images' means, nats; None
            for another likelihood.
        active: number of active latents.
        latent_dim: number of latents.
        label_share: see `condition_share`; NaN if nothing varies.
        swapped_label: decrease of the bound under another label, nats.
        leakage: balanced accuracy of a probe from z to the label, scaled from 0 for chance to 1;
            None if it was not measured, or the prior depends on the label.
        beta: weight of the KL divergence.
        detail: see `FineDetail`, for expected pixels; None if `can_be_blurred` is false.
    """

    loss: float
    kl_loss: float
    mean_image_loss: float | None
    active: int
    latent_dim: int
    label_share: float
    swapped_label: float
    leakage: float | None
    beta: float
    detail: FineDetail | None = None


def find_faults(trial: Trial) -> list[str]:
    """`diagnose` applied to the result of `examine`; empty for a run without these signs."""
    return diagnose(examine(trial)) if can_examine(trial) else []


def can_examine(trial: Trial) -> bool:
    """Whether the signs are defined for a run: latents, and images of at least two classes."""
    classes = trial.run.record.condition.classes
    has_classes = classes is not None and classes.num_classes > 1
    return has_classes and trial.data.table is None and trial.model.latent_dim > 0


def examine(trial: Trial, split: str = "validation", seed: int = 0) -> Signs:
    """The signs of a class-conditional run on the first 1,000 images of a split."""
    run, images, model = trial.run, trial.images(split), trial.model
    x, labels = images.x[:NUM_IMAGES], np.asarray(images.y[:NUM_IMAGES])
    terms, (mean, _) = model.elbo(x, labels, seed), model.encode(x, labels, seed)
    _, counts = np.unique(labels, return_counts=True)
    leakage = None
    # if the prior depends on y, z may contain information about it
    if run.spec.model.prior == "standard" and len(counts) > 1 and counts.min() >= 5:
        found = probe_labels(mean, labels)
        # scaled from chance to certainty, so that one threshold serves any number of classes
        leakage = (found.balanced_accuracy - found.chance) / (1 - found.chance)
    return Signs(
        loss=float(-terms.elbo.mean(dtype="float64")),
        kl_loss=float(terms.kl_loss.mean(dtype="float64")),
        mean_image_loss=mean_image_loss(trial, x),
        active=int(active_units(mean).sum()),
        latent_dim=model.latent_dim,
        label_share=condition_share(decode_under_every_label(model, seed)),
        swapped_label=swapped_label_cost(model, x, labels, seed),
        leakage=leakage,
        beta=run.spec.objective.beta,
        detail=detail_of_samples(trial, x, labels, seed) if can_be_blurred(trial) else None,
    )


def mean_image_loss(trial: Trial, x: np.ndarray) -> float | None:
    """Nats per image of a model that predicts the mean of the training images."""
    data, kind = trial.data, likelihood_named(trial.run.spec.model.likelihood)
    means, white = data.mean_of(data.train.x), 1 if x.dtype.kind == "f" else data.x_max
    losses = []
    for part in slices(len(x), max(1, MOST_NUMBERS // x[0].size)):
        of_part = kind.loss_of_means(x[part].astype("float64") / white, means)
        if of_part is None:
            return None
        losses.append(of_part)
    return float(np.concatenate(losses).mean())


def diagnose(signs: Signs) -> list[str]:
    """A sentence for each fault; none for a healthy model. The most serious ones stand alone."""
    if not np.isfinite(signs.loss):
        return ["the loss is not finite: lower --learning-rate, or look for numbers beyond [0, 1]"]
    if signs.mean_image_loss is not None and signs.loss > signs.mean_image_loss:
        cause = (
            f"beta {signs.beta:g} lets z depart too far from the prior (kl_loss "
            f"{signs.kl_loss:.1f} nats): raise --beta"
            if signs.beta < 1 and signs.loss - signs.kl_loss < signs.mean_image_loss
            else "train longer, lower --learning-rate; in your own loss, look for swapped "
            "arguments (target, prediction) and pixels beyond [0, 1]"
        )
        return [
            f"the model is worse than the mean of all training images ({signs.loss:.2f} nats per "
            f"image, the mean {signs.mean_image_loss:.2f}; lower is better): {cause}"
        ]
    found = []
    collapsed = signs.active == 0 or signs.kl_loss < LEAST_KL
    if collapsed:
        cause = (
            f"beta {signs.beta:g} penalises the use of z too much: lower --beta"
            if signs.beta > 1
            else "train with --beta-warmup 0.2, or --free-bits 0.1"
        )
        found.append(
            f"the posterior has collapsed (kl_loss {signs.kl_loss:.2g} nats, {signs.active} of "
            f"{signs.latent_dim} latents active), so all images of a label look alike: {cause}"
        )
    ignores = signs.label_share < LEAST_LABEL_SHARE or signs.swapped_label < LEAST_SWAPPED_LABEL
    if ignores:
        found.append(
            f"the decoder ignores the condition (the label accounts for {signs.label_share:.1%} of "
            f"what is decoded, another one costs {signs.swapped_label:.1f} nats): check that the "
            "labels belong to these images, and were not shuffled; if they do, use fewer latents "
            "(--latent-dim) or a higher --beta, so that z does not carry the label itself"
        )
    # if the decoder ignores the label, z has to carry it, which was already reported
    leaks = signs.leakage is not None and signs.leakage > MOST_LEAKAGE and not ignores
    if leaks:
        found.append(
            f"z reveals the label (on validation images, {signs.leakage:.0%} of the way from "
            "chance to certainty), so that labels and styles are not separated: raise --beta, "
            "lower --latent-dim, or use --prior conditional"
        )
    # a collapsed posterior leaves only averages, which was already reported
    detail = signs.detail
    if detail is not None and detail.share < LEAST_DETAIL and not collapsed:
        # what makes z hold more makes it hold more of the label, too
        other = "" if leaks or ignores else ", use more latents (--latent-dim), or lower --beta"
        found.append(
            f"samples are blurred: they have {detail.share:.1%} of the fine detail of real images "
            f"({detail.size:.1f} pixels or less): train longer, or with convolutional networks "
            f"(--architecture convolutional){other}"
        )
    return found
