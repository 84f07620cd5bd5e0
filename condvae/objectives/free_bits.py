"""Free bits: information about x that costs nothing."""

from typing import Any

from keras import ops

from condvae.objectives.terms import Terms

Tensor = Any


def free_bits_kl(kl: Tensor, latent_dim: int, free_bits: float) -> Tensor:
    """The KL as training sees it: its parts count only beyond their free nats.

    A part is what `kl_parts` gives: each latent by itself, free_bits nats each, under a Normal
    prior; else all latents together, latent_dim * free_bits nats. Its mean over the batch decides:
    sum over parts of max(free nats, mean KL), so that a part below has no gradient. Regularisers,
    metrics and validation see the true KL.

    Args:
        kl: (batch, parts) nats.
        latent_dim: latents in all parts together.
        free_bits: nats for each latent; despite their name.

    Returns:
        (batch,) nats, whose mean is that sum.

    Source: Kingma et al. 2016, eq. 15.
    """
    # one part for all latents together has the free nats of them all
    free = free_bits * latent_dim / kl.shape[-1]
    # the mean over the batch decides, not each row
    is_beyond = ops.mean(kl, axis=0) > free
    return ops.sum(ops.where(is_beyond, kl, free), axis=-1)


def with_free_bits(
    terms: Terms, kl: Tensor, latent_dim: int, free_bits: float, weight: Tensor
) -> Terms:
    """The terms of a loss in which `free_bits_kl` stands in the KL's place.

    Args:
        weight: of the KL in that loss.
    """
    free = free_bits_kl(kl, latent_dim, free_bits)
    return terms._replace(loss=terms.loss + weight * (free - terms.kl_loss))
