"""Rows whose label may be missing: what a model makes of them under every class."""

from typing import Any

from keras import ops

from condvae.distributions import Normal
from condvae.objectives import kl_parts

Tensor = Any


def under_every_class(
    model: Any, x: Tensor, y: Tensor, training: bool = False
) -> dict[str, Tensor]:
    """The parts of the bound under each class, and log q(y | x), as `semi_supervised_terms` reads.

    A network that sees no y is run once for each row; one draw of z then serves all classes.

    Args:
        model: a CVAE with a classifier.
        x: (batch, *image_shape), preprocessed.
        y: (batch, num_classes).
        training: handed on to the networks.

    Returns:
        "reconstruction_losses" (batch, num_classes) or, where they hang on no class, (batch, 1);
        "kl_losses" and "log_q" (batch, num_classes); nats.
    """
    num_classes = model.condition_shape[0]
    every = ops.zeros_like(y)[:, None] + ops.eye(num_classes, dtype="float32")
    classes = ops.reshape(every, (-1, num_classes))  # row by row, all classes of each

    def each(tensor: Tensor) -> Tensor:
        return ops.repeat(tensor, num_classes, axis=0)

    rows, all_rows = (x, y), (each(x), classes)
    encoder_sees, decoder_sees = ("y" in part.input for part in (model.encoder, model.decoder))
    posterior = model.encode(*(all_rows if encoder_sees else rows), training)
    z = styles = posterior.sample(model.noise)
    if not encoder_sees:
        posterior, styles = Normal(each(posterior.mean), each(posterior.logvar)), each(z)
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
