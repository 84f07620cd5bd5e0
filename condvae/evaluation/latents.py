"""The information in the latents, and whether they and the condition are used."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from condvae.evaluation.trial import Trial
from condvae.inference.trained import TrainedModel
from condvae.metrics.aggregate import ElboSurgery, dissect_kl, dissect_kl_by_class
from condvae.metrics.latent import active_units, condition_share
from condvae.metrics.leakage import Leakage, probe_labels

STYLES = 64
MOST_NUMBERS = 2**25  # of decoded images in memory: for large ones, fewer styles
FOLDS = 5


@dataclass(frozen=True)
class LatentQuality:
    """The latents of a class-conditional model on a split's images.

    Attributes:
        latent_dim: number of latents.
        active: number of active latents, see `active_units`.
        surgery: the two parts of the KL to a standard normal; None under another prior.
        label_information: I(y; z) in nats; None under another prior.
        leakage: accuracy of a linear probe for the label given the posterior means; None if a label
            has too few images.
        label_share: share of the variance of decoded images, see `condition_share`.
        swapped_label: decrease of the bound under another label, drawn at random, nats per image.
        comparability: data, split and number of images.
    """

    latent_dim: int
    active: int
    surgery: ElboSurgery | None
    label_information: float | None
    leakage: Leakage | None
    label_share: float
    swapped_label: float
    comparability: str

    def figures(self) -> dict[str, object]:
        """The figures, flat."""
        return {
            "latent_dim": self.latent_dim,
            "active_units": self.active,
            **({} if self.surgery is None else asdict(self.surgery)),
            "label_information": self.label_information,
            **({} if self.leakage is None else asdict(self.leakage)),
            "label_share": self.label_share,
            "swapped_label": self.swapped_label,
            "latent_comparability": self.comparability,
        }

    def __str__(self) -> str:
        lines = [f"active latents: {self.active} of {self.latent_dim} (variance of mean > 0.01)"]
        if self.surgery is not None:
            lines.append(
                f"KL {self.surgery.kl:.2f} nats = mutual information of image and z "
                f"{self.surgery.mutual_information:.2f} + KL(q(z) || p(z)) "
                f"{self.surgery.marginal_kl:.2f}; I(y; z) {self.label_information:.2f}"
            )
        if self.leakage is not None:
            lines.append(
                f"accuracy of a linear probe from z to the label: "
                f"{self.leakage.balanced_accuracy:.1%} ± {self.leakage.standard_error:.1%} "
                f"(chance: {self.leakage.chance:.1%})"
            )
        lines.append(
            f"the label accounts for {self.label_share:.1%} of the variance of decoded images; "
            f"under another label the ELBO is {self.swapped_label:.1f} nats lower"
        )
        return "\n".join([*lines, f"({self.comparability})"])


def evaluate_latents(
    trial: Trial, split: str = "test", num_images: int = 2_000, seed: int = 0
) -> LatentQuality:
    """Measure the latents of a class-conditional run.

    Args:
        split: "validation" or "test".
        num_images: number of images, the first ones of the split.
        seed: seed of the draws of z and of labels.

    Source: Burda et al. 2016 (active units); Hoffman & Johnson 2016 (the KL's parts).
    """
    run, images, model = trial.run, trial.images(split), trial.model
    x, labels = images.x[:num_images], np.asarray(images.y[:num_images])
    mean, logvar = model.encode(x, labels, seed)
    # q(z) over all labels has a prior for comparison only if p(z) does not depend on the label
    surgery = dissect_kl(mean, logvar, seed=seed) if run.spec.model.prior == "standard" else None
    _, counts = np.unique(labels, return_counts=True)
    can_probe = len(counts) > 1 and counts.min() >= FOLDS
    return LatentQuality(
        latent_dim=model.latent_dim,
        active=int(active_units(mean).sum()),
        surgery=surgery,
        label_information=surgery and label_information(surgery, mean, logvar, labels, seed),
        leakage=probe_labels(mean, labels, folds=FOLDS) if can_probe else None,
        label_share=condition_share(decode_under_every_label(model, seed)),
        swapped_label=swapped_label_cost(model, x, labels, seed),
        comparability=run.comparability(split, f"the first {len(x):,} images"),
    )


def label_information(
    surgery: ElboSurgery, mean: np.ndarray, logvar: np.ndarray, labels: np.ndarray, seed: int = 0
) -> float:
    """I(y; z) in nats: the information of z about the image, minus that within a label."""
    within = dissect_kl_by_class(mean, logvar, labels, seed=seed).values()
    rows = sum(part.num_rows for part in within)
    shares = (part.num_rows / rows * part.mutual_information for part in within)
    return surgery.mutual_information - sum(shares)


def decode_under_every_label(model: TrainedModel, seed: int = 0) -> np.ndarray:
    """(styles, labels, pixels) expected images, from the same noise under every label."""
    labels = model.classes.categories
    numbers = len(labels) * math.prod(model.image_shape)
    styles = min(STYLES, max(2, MOST_NUMBERS // numbers))
    # one seed: the same noise under each label, so that differences are due to the label
    decoded = [model.generate(label, styles, seed=seed) for label in labels]
    return np.stack(decoded, axis=1).reshape(styles, len(labels), -1)


def swapped_label_cost(
    model: TrainedModel, x: np.ndarray, labels: np.ndarray, seed: int = 0
) -> float:
    """Mean decrease of the ELBO, nats per image, if each image is given another random label."""
    classes = model.classes
    codes = classes.codes(labels)
    # 1 to dim - 1, so that no image keeps its label
    shift = np.random.default_rng(seed).integers(1, max(2, classes.dim), len(codes))
    others = np.asarray(classes.categories)[(codes + shift) % classes.dim]
    # the same seed for both: the noise of z cancels in the difference
    own, swapped = (model.elbo(x, y, seed).elbo for y in (labels, others))
    return float((own - swapped).mean(dtype="float64"))
