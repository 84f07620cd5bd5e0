"""The importance-weighted bound, and the gradient that stays sharp when it tightens."""

import math
from typing import Any

from keras import ops

from condvae.objectives.elbo import Terms

Tensor = Any


def importance_terms(
    log_likelihood: Tensor, log_ratio: Tensor, kl: Tensor, beta: Any = 1.0
) -> Terms:
    """The negative importance-weighted bound of K draws, the ratio of prior to q to the power beta.

    -log 1/K sum_k p(x | z_k, y) (p(z_k | y) / q(z_k | x, y))^beta with z_k ~ q.

    Args:
        log_likelihood: log p(x | z_k, y), (batch, K).
        log_ratio: log p(z_k | y) - log q(z_k | x, y), (batch, K).
        kl: (batch, parts), see `kl_parts`, at the first draw.
        beta: 1 gives a bound on log p(x | y), tighter than the ELBO.

    Returns:
        Terms whose parts are the ELBO's, by the first draw.

    Source: Burda, Grosse & Salakhutdinov 2016, eq. 8.
    """
    log_weights = log_likelihood + beta * log_ratio
    loss = math.log(log_weights.shape[-1]) - ops.logsumexp(log_weights, axis=-1)
    return Terms(loss, -log_likelihood[:, 0], ops.sum(kl, axis=-1))


def doubly_reparameterised(z: Tensor, log_weights: Tensor, beta: Any = 1.0) -> Tensor:
    """The draws as they are, their gradient scaled by 1 - beta (1 - w_k), w_k the share of draw k.

    The bound at these draws, its q(z_k | x, y) without a gradient to the parameters of q, then has
    the doubly reparameterised gradient: sum_k w_k^2 d log w_k / d z_k for beta = 1, whose
    signal-to-noise ratio rises with K where the standard one falls. The log-weights that are
    differentiated give the other w_k. For another beta the same derivation, eq. 6 to 8, leaves
    w_k (1 - beta (1 - w_k)).

    Args:
        z: (batch, K, latent_dim), differentiable in the parameters of q.
        log_weights: (batch, K), at z; no gradient is taken of them.
        beta: the power of the ratio of prior to q in them.

    Source: Tucker et al. 2019, eq. 8.
    """
    shares = ops.stop_gradient(ops.softmax(log_weights, axis=-1))
    scale = (1 - beta * (1 - shares))[..., None]

    # forward z itself, so that a compiler decodes the same draws once, not for each use of them
    @ops.custom_gradient
    def scaled(z: Tensor) -> tuple[Tensor, Any]:
        def gradient(*arguments: Tensor, upstream: Tensor = None) -> Tensor:
            # Keras on PyTorch passes it by name
            return scale * (arguments[0] if upstream is None else upstream)

        return z, gradient

    return scaled(z)
