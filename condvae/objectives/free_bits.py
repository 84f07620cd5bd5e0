"""Free bits: information about x that is not penalised."""

from typing import Any

from keras import ops

from condvae.objectives.terms import Terms

Tensor = Any


def free_bits_kl(kl: Tensor, latent_dim: int, free_bits: float) -> Tensor:
    """The KL used in training: its parts count only above their free nats.

    The parts are those of `kl_parts`: with a Normal prior each latent, with free_bits nats each;
    otherwise all latents together, with latent_dim * free_bits nats. The criterion is the mean over
    the batch: the sum over parts of max(free nats, mean KL), so that a part below its free nats has
    no gradient. Regularisers, metrics and validation use the true KL.

    Args:
        kl: (batch, parts) nats.
        latent_dim: number of latents in all parts together.
        free_bits: nats per latent (despite the name).

    Returns:
        (batch,) nats, whose mean is that sum.

    Source: Kingma et al. 2016, eq. 15.
    """
    # a single part for all latents has the free nats of all of them
    free = free_bits * latent_dim / kl.shape[-1]
    # the mean over the batch is compared, not each row
    is_beyond = ops.mean(kl, axis=0) > free
    return ops.sum(ops.where(is_beyond, kl, free), axis=-1)


def with_free_bits(
    terms: Terms, kl: Tensor, latent_dim: int, free_bits: float, weight: Tensor
) -> Terms:
    """The terms of a loss in which `free_bits_kl` replaces the KL.

    Args:
        weight: weight of the KL in that loss.
    """
    free = free_bits_kl(kl, latent_dim, free_bits)
    return terms._replace(loss=terms.loss + weight * (free - terms.kl_loss))
