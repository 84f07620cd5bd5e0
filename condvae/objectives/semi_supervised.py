"""The bound for partially labelled data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from condvae.distributions import Normal
from condvae.objectives.beta import UNWEIGHTED, Beta, rising_share
from condvae.objectives.divergence import kl_parts
from condvae.objectives.objective import Objective
from condvae.objectives.terms import Terms

Tensor = Any


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class SemiSupervised(Objective):
    """The bound for partially labelled data, see `semi_supervised_terms`.

    Attributes:
        beta: weight of the KL divergence.
        classifier_weight: weight of -log q(y | x) for labelled rows.
        classifier_warmup: number of training steps in which the gradient of unlabelled rows to the
            classifier rises from 0.
    """

    beta: Beta = UNWEIGHTED
    classifier_weight: float = 1.0
    classifier_warmup: int = 0
    needs: ClassVar = frozenset({"encoder", "decoder", "classifier"})
    takes: ClassVar = frozenset({"prior"})

    @property
    def counts_steps(self) -> bool:
        """Whether there is a warm-up, of beta or of the classifier."""
        return bool(self.beta.warmup or self.classifier_warmup)

    def outputs(
        self, model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
    ) -> dict[str, Tensor]:
        """The terms of the bound under every class, and the labels."""
        return {"y": y} | under_every_class(model, x, y, training)

    def terms(self, model: Any, outputs: Mapping[str, Tensor], training: bool) -> Terms:
        """The terms of the bound, summed over all classes where the label is missing."""
        is_rising = training and self.classifier_warmup
        return semi_supervised_terms(
            outputs["reconstruction_losses"],
            outputs["kl_losses"],
            outputs["log_q"],
            outputs["y"],
            self.weight(model, training),
            self.classifier_weight,
            rising_share(model.step, self.classifier_warmup) if is_rising else 1.0,
        )


def semi_supervised_terms(
    reconstruction_losses: Tensor,
    kl_losses: Tensor,
    log_q: Tensor,
    y: Tensor,
    beta: Any = 1.0,
    classifier_weight: float = 1.0,
    pull: Any = 1.0,
) -> Terms:
    """The negative bound, summed over all classes where the label is missing.

    L(x, y) = reconstruction_losses + beta * kl_losses - log p(y) is at least -log p(x, y), with
    p(y) uniform. With a label the loss is L(x, y) - classifier_weight * log q(y | x); without one
    it is sum_y q(y | x) L(x, y) - H(q(y | x)), which is at least -log p(x).

    Args:
        reconstruction_losses: -log p(x | z, y) under each class, (batch, num_classes), or (batch,
            1) if it does not depend on the class.
        kl_losses: KL of q(z | x, y) from p(z | y), same shapes.
        log_q: log q(y | x), (batch, num_classes).
        y: (batch, num_classes), one-hot; zeros where the label is missing.
        beta: weight of the KL of z.
        classifier_weight: weight of the labels in the classifier's loss.
        pull: factor on the gradient of unlabelled rows to the classifier; their loss is unchanged.
            Otherwise a classifier at the start of training would settle on wrong classes for most
            rows.

    Returns:
        Terms averaged over q(y | x), or at the label; kl_loss is that of y and z together, so that
        elbo is a bound on log p(x), or on log p(x, y) with a label.

    Source: Kingma et al. 2014, eq. 6 to 9.
    """
    log_prior = -math.log(log_q.shape[-1])
    missing = 1.0 - ops.sum(y, axis=-1)
    # before `pull`: the labels' gradient to the classifier has full weight from the start
    known = log_q
    # the same value, with `pull` times the gradient
    log_q = pull * log_q + (1.0 - pull) * ops.stop_gradient(log_q)
    q = ops.exp(log_q)
    # the label if there is one, else every class by its probability
    weights = y + missing[:, None] * q
    reconstruction_loss = ops.sum(weights * reconstruction_losses, axis=-1)
    kl_of_z = ops.sum(weights * kl_losses, axis=-1)
    # KL(q(y | x) || uniform); with a label, -log p(y)
    kl_of_y = missing * ops.sum(q * log_q, axis=-1) - log_prior
    loss = reconstruction_loss + beta * kl_of_z + kl_of_y
    loss -= classifier_weight * ops.sum(y * known, axis=-1)
    return Terms(loss, reconstruction_loss, kl_of_z + kl_of_y)


def under_every_class(
    model: Any, x: Tensor, y: Tensor, training: bool = False
) -> dict[str, Tensor]:
    """The terms of the bound under each class, and log q(y | x), for `semi_supervised_terms`.

    A network that does not see y is run once per row; one draw of z then serves all classes.

    Args:
        model: a CVAE with a classifier.
        x: (batch, *image_shape), preprocessed.
        y: (batch, num_classes).
        training: passed on to the networks.

    Returns:
        "reconstruction_losses" (batch, num_classes), or (batch, 1) if they do not depend on the
        class; "kl_losses" and "log_q" (batch, num_classes); nats.
    """
    num_classes = model.condition_shape[0]
    every = ops.zeros_like(y)[:, None] + ops.eye(num_classes, dtype="float32")
    classes = ops.reshape(every, (-1, num_classes))  # row by row, all classes of each

    def each(tensor: Tensor) -> Tensor:
        return ops.repeat(tensor, num_classes, axis=0)

    rows, all_rows = (x, y), (each(x), classes)
    encoder_sees, decoder_sees = ("y" in part.input for part in (model.encoder, model.decoder))
    encoded = model.encode(*(all_rows if encoder_sees else rows), training)
    posterior = model.posterior_of(encoded)
    z = styles = posterior.sample(model.noise)
    if not encoder_sees:
        encoded = Normal(each(encoded.mean), each(encoded.logvar))
        posterior, styles = model.posterior_of(encoded), each(z)
    if encoder_sees or decoder_sees:
        log_likelihood = model.log_likelihoods(*all_rows, None, styles[:, None], training)
        log_likelihood = ops.reshape(log_likelihood, (-1, num_classes))
    else:
        log_likelihood = model.log_likelihoods(*rows, None, z[:, None], training)
    kl = kl_parts(posterior, model.prior_given(classes, None, training), styles)
    return {
        "reconstruction_losses": -log_likelihood,
        "kl_losses": ops.reshape(ops.sum(kl, axis=-1), (-1, num_classes)),
        "log_q": model.classify(x, training),
    }
