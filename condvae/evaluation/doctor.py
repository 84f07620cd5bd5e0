"""What is wrong with a model, in sentences that name the cause and what to do."""

from dataclasses import dataclass

import numpy as np

from condvae.evaluation.detail import can_be_blurred, detail_of_samples
from condvae.evaluation.latents import decode_under_every_label, swapped_label_cost
from condvae.evaluation.trial import Trial
from condvae.likelihoods import likelihood_named
from condvae.metrics.latent import active_units, condition_share
from condvae.metrics.leakage import probe_labels
from condvae.metrics.spectrum import FineDetail

NUM_IMAGES = 1_000
# below: a latent that is in use tells at least some tenths of a nat
LEAST_KL = 0.1
LEAST_LABEL_SHARE = 0.02
LEAST_SWAPPED_LABEL = 1.0
# of what lies between chance and certainty
MOST_LEAKAGE = 0.5
# of the power of real images: what photographs of CIFAR-10 keep under a Gaussian blur of a pixel
LEAST_DETAIL = 0.1


@dataclass(frozen=True)
class Signs:
    """What the doctor looks at; means over images.

    Attributes:
        loss: reconstruction_loss + kl_loss, nats.
        kl_loss: nats.
        mean_image_loss: -log p(x) of Bernoulli pixels with the training images' means, nats; None
            for another likelihood.
        active: latents in use.
        latent_dim: latents.
        label_share: see `condition_share`; NaN where nothing varies.
        swapped_label: nats that the bound loses under another label.
        leakage: balanced accuracy of a probe from z to the label, from 0 for chance to 1; None
            where it was not measured, or the prior knows the label.
        beta: weight of the KL.
        detail: see `FineDetail`, of expected pixels; None where `can_be_blurred` is false.
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
    """As `diagnose` of what `examine` finds; none of a run that it is not defined for."""
    return diagnose(examine(trial)) if can_examine(trial) else []


def can_examine(trial: Trial) -> bool:
    """Whether the signs are defined for a run: latents, and images of two classes or more."""
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
    # under a prior that knows y, z may tell it: that is no fault
    if run.spec.model.prior == "standard" and len(counts) > 1 and counts.min() >= 5:
        found = probe_labels(mean, labels)
        # from chance to certainty, so that one threshold serves any number of classes
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
    """Nats per image of a model that knows the training images' mean alone."""
    data = trial.data
    grey = x.astype("float64") / (1 if x.dtype.kind == "f" else data.x_max)
    kind = likelihood_named(trial.run.spec.model.likelihood)
    losses = kind.loss_of_means(grey, data.mean_of(data.train.x))
    return None if losses is None else float(losses.mean())


def diagnose(signs: Signs) -> list[str]:
    """A sentence for each fault; none for a healthy model. The gravest stands alone."""
    if not np.isfinite(signs.loss):
        return ["the loss is not finite: lower --learning-rate, or look for numbers beyond [0, 1]"]
    if signs.mean_image_loss is not None and signs.loss > signs.mean_image_loss:
        cause = (
            f"beta {signs.beta:g} lets z hold more than it is worth (kl_loss {signs.kl_loss:.1f} "
            "nats): raise --beta"
            if signs.beta < 1 and signs.loss - signs.kl_loss < signs.mean_image_loss
            else "train longer, lower --learning-rate; in a loss of your own, look for swapped "
            "arguments (target, prediction) and pixels beyond [0, 1]"
        )
        return [
            f"the model is worse than the mean image, {signs.loss:.0f} against "
            f"{signs.mean_image_loss:.0f} nats: {cause}"
        ]
    found = []
    collapsed = signs.active == 0 or signs.kl_loss < LEAST_KL
    if collapsed:
        cause = (
            f"beta {signs.beta:g} makes them too dear: lower --beta"
            if signs.beta > 1
            else "give them time with --beta-warmup 0.2, or --free-bits 0.1"
        )
        found.append(
            f"the posterior has collapsed (kl_loss {signs.kl_loss:.2g} nats, {signs.active} of "
            f"{signs.latent_dim} latents active), all images of a label look alike: {cause}"
        )
    ignores = signs.label_share < LEAST_LABEL_SHARE or signs.swapped_label < LEAST_SWAPPED_LABEL
    if ignores:
        found.append(
            f"the decoder ignores the condition (the label accounts for {signs.label_share:.1%} of "
            f"what is decoded, another one costs {signs.swapped_label:.1f} nats): look whether the "
            "labels belong to these images, and were not shuffled; if they do, make z smaller "
            "(--latent-dim) or dearer (--beta), so that it does not tell the label itself"
        )
    # where the decoder ignores the label, z has to tell it: that was said already
    if signs.leakage is not None and signs.leakage > MOST_LEAKAGE and not ignores:
        found.append(
            f"z tells the label ({signs.leakage:.0%} of the way from chance to certainty), so that "
            "labels and styles do not part: raise --beta, lower --latent-dim, or take --prior "
            "conditional"
        )
    # a collapsed posterior leaves nothing but averages: that was said already
    detail = signs.detail
    if detail is not None and detail.share < LEAST_DETAIL and not collapsed:
        found.append(
            f"samples are blurred: they have {detail.share:.1%} of the fine detail of real images "
            f"({detail.size:.1f} pixels and less): train longer, take more latents (--latent-dim) "
            "or convolutional networks (--architecture convolutional), lower --beta"
        )
    return found
