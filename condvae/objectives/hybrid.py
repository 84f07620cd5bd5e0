"""One objective from the CVAE to the GSNN, and the deterministic network beside them."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from condvae.objectives.elbo import Distribution, Terms, elbo_terms

Tensor = Any


def hybrid_terms(
    x: Tensor,
    from_posterior: Distribution,
    from_prior: Distribution,
    kl: Tensor,
    alpha: float,
    beta: Any = 1.0,
) -> Terms:
    """alpha times the negative ELBO plus (1 - alpha) times -log p(x | z, y) with z from the prior.

    alpha = 1 is the CVAE; alpha = 0 the Gaussian stochastic network (GSNN), which is trained as
    it predicts; between them the hybrid, which closes the gap between the two draws of z.

    Args:
        x: (batch, *image_shape) float32 target.
        from_posterior: p(x | z, y) at one z ~ q(z | x, y).
        from_prior: p(x | z, y) at one z ~ p(z | y).
        kl: (batch, parts) of q(z | x, y) from p(z | y), see `kl_parts`.
        alpha: in [0, 1].
        beta: weight of the KL in the negative ELBO.

    Returns:
        Terms whose parts are those of the ELBO; for alpha = 0, where nothing trains q, those of
        the bound log p(x | y) >= E_p(z | y)[log p(x | z, y)]: no KL.

    Source: Sohn, Lee & Yan 2015, eq. 5 to 7.
    """
    if alpha == 0:
        return deterministic_terms(x, from_prior)
    terms = elbo_terms(x, from_posterior, kl, beta)
    if alpha == 1:
        return terms
    return terms._replace(loss=alpha * terms.loss - (1 - alpha) * from_prior.log_prob(x))


def deterministic_terms(x: Tensor, prediction: Distribution) -> Terms:
    """-log p(x | y) of a network without latents, or at one z that was given.

    Source: Sohn, Lee & Yan 2015, section 4 (the NN baseline).
    """
    loss = -prediction.log_prob(x)
    return Terms(loss, loss, ops.zeros_like(loss))


def coarse_loss(x: Tensor, guess: Tensor, missing: Tensor, factors: Sequence[int]) -> Tensor:
    """Cross-entropy of the guess against the target on coarser grids, predicted without z.

    Both are averaged over squares of factor × factor pixels; a square counts by the share of it
    that is missing, times its number of pixels, so that every scale weighs as much as the finest.

    Args:
        x: (batch, height, width, channels) target in [0, 1].
        guess: the same shape, logits.
        missing: 1 for each pixel to predict; broadcasts against x.
        factors: sides of the squares, such as (2, 4).

    Returns:
        (batch,) nats, summed over squares and scales.

    Source: Sohn, Lee & Yan 2015, section 3.3 (multi-scale prediction).
    """
    loss = ops.zeros(ops.shape(x)[:1])
    missing = missing * ops.ones_like(x)
    for factor in factors:
        target, p, weights = (
            ops.average_pool(image, factor, strides=factor)
            for image in (x, ops.sigmoid(guess), missing)
        )
        p = ops.clip(p, 1e-6, 1 - 1e-6)
        cross_entropy = -target * ops.log(p) - (1 - target) * ops.log1p(-p)
        loss += factor**2 * ops.sum(weights * cross_entropy, axis=(1, 2, 3))
    return loss
