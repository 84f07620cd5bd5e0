"""The bound of rows of which only some have a label."""

import math
from typing import Any

from keras import ops

from condvae.objectives.elbo import Terms

Tensor = Any


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

    L(x, y) = reconstruction_losses + beta * kl_losses - log p(y), at least -log p(x, y), with p(y)
    uniform. With a label the loss is L(x, y) - classifier_weight * log q(y | x); without one it is
    sum_y q(y | x) L(x, y) - H(q(y | x)), at least -log p(x).

    Args:
        reconstruction_losses: -log p(x | z, y) under each class, (batch, num_classes); or, where
            it hangs on none, (batch, 1).
        kl_losses: of q(z | x, y) from p(z | y), the same shapes.
        log_q: log q(y | x), (batch, num_classes).
        y: (batch, num_classes), one-hot; zeros where the label is missing.
        beta: weight of the KL of z.
        classifier_weight: of the labels in the classifier's loss.
        pull: what share of their gradient to the classifier the rows without a label have; their
            loss is the same. A classifier that knows little yet would choose the classes of the
            many for good.

    Returns:
        Terms whose parts are the means over q(y | x), or at the label; kl_loss is that of y and z
        together, so that elbo is a bound on log p(x), or with a label on log p(x, y).

    Source: Kingma et al. 2014, eq. 6 to 9.
    """
    log_prior = -math.log(log_q.shape[-1])
    missing = 1.0 - ops.sum(y, axis=-1)
    known = log_q
    log_q = pull * log_q + (1.0 - pull) * ops.stop_gradient(log_q)
    q = ops.exp(log_q)
    weights = y + missing[:, None] * q
    reconstruction_loss = ops.sum(weights * reconstruction_losses, axis=-1)
    kl_of_z = ops.sum(weights * kl_losses, axis=-1)
    kl_of_y = missing * ops.sum(q * log_q, axis=-1) - log_prior
    loss = reconstruction_loss + beta * kl_of_z + kl_of_y
    loss -= classifier_weight * ops.sum(y * known, axis=-1)
    return Terms(loss, reconstruction_loss, kl_of_z + kl_of_y)
