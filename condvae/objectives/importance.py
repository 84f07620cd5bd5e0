"""The importance-weighted bound, and a gradient estimator that improves as the bound tightens."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from condvae.checks import check_choice
from condvae.distributions import Chain, Normal
from condvae.objectives.beta import UNWEIGHTED, Beta
from condvae.objectives.divergence import kl_parts
from condvae.objectives.objective import Objective
from condvae.objectives.terms import Terms

Tensor = Any

GRADIENTS = ("standard", "dreg")


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class ImportanceWeighted(Objective):
    """The negative importance-weighted bound with several draws, see `importance_terms`.

    Attributes:
        num_samples: number of draws of z for each row, K; also in validation.
        gradient: "standard", or "dreg", see `doubly_reparameterised`.
        beta: weight of the KL divergence.
    """

    num_samples: int
    gradient: str = "standard"
    beta: Beta = UNWEIGHTED

    def __post_init__(self) -> None:
        check_choice(self.gradient, GRADIENTS, "gradient")

    def outputs(
        self, model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
    ) -> dict[str, Tensor]:
        """The draws, with log p(x | z, y) and log p(z | y) - log q(z | x, y) of each."""
        given = model.prior_given(y, guess, training)
        encoded = model.posterior(x, y, given, training)
        posterior, prior = encoded.per_sample(), given.per_sample()
        shape = (ops.shape(x)[0], self.num_samples, model.latent_dim)
        z = posterior.transform(keras.random.normal(shape, seed=model.noise, dtype="float32"))

        def parts(z: Tensor, posterior: Normal | Chain) -> tuple[Tensor, Tensor]:
            log_ratio = prior.log_prob(z) - posterior.log_prob(z)
            return model.log_likelihoods(x, y, guess, z, training), log_ratio

        if self.gradient == "dreg" and training:
            beta = self.weight(model, training)
            # no gradient to q's parameters except through the draws z
            posterior = posterior.held()
            # for the weights w_k; the same values are used below, and the compiler computes them
            # once
            log_likelihood, log_ratio = parts(ops.stop_gradient(z), posterior)
            z = doubly_reparameterised(z, log_likelihood + beta * log_ratio, beta)
        log_likelihood, log_ratio = parts(z, posterior)
        return {
            "mean": encoded.mean,
            "logvar": encoded.logvar,
            "prior_mean": given.mean,
            "z": z,
            "log_likelihood": log_likelihood,
            "log_ratio": log_ratio,
            # from one draw: reconstruction_loss and kl_loss are always the ELBO's
            "kl": kl_parts(encoded, given, z[:, 0]),
        }

    def terms(self, model: Any, outputs: Mapping[str, Tensor], training: bool) -> Terms:
        """The negative importance-weighted bound, and the ELBO's terms."""
        log_likelihood, log_ratio, kl = (
            outputs[name] for name in ("log_likelihood", "log_ratio", "kl")
        )
        return importance_terms(log_likelihood, log_ratio, kl, self.weight(model, training))


def importance_terms(
    log_likelihood: Tensor, log_ratio: Tensor, kl: Tensor, beta: Any = 1.0
) -> Terms:
    """The negative importance-weighted bound of K draws; beta is the exponent of p(z) / q(z).

    -log 1/K sum_k p(x | z_k, y) (p(z_k | y) / q(z_k | x, y))^beta with z_k ~ q.

    Args:
        log_likelihood: log p(x | z_k, y), (batch, K).
        log_ratio: log p(z_k | y) - log q(z_k | x, y), (batch, K).
        kl: (batch, parts), see `kl_parts`, at the first draw.
        beta: 1 gives a bound on log p(x | y), tighter than the ELBO.

    Returns:
        Terms whose parts are the ELBO's, from the first draw.

    Source: Burda, Grosse & Salakhutdinov 2016, eq. 8.
    """
    log_weights = log_likelihood + beta * log_ratio
    # -log of a mean over K: log K minus the log of the sum
    loss = math.log(log_weights.shape[-1]) - ops.logsumexp(log_weights, axis=-1)
    return Terms(loss, -log_likelihood[:, 0], ops.sum(kl, axis=-1))


def doubly_reparameterised(z: Tensor, log_weights: Tensor, beta: Any = 1.0) -> Tensor:
    """The draws, with gradients scaled by 1 - beta (1 - w_k), w_k the weight of draw k.

    The bound at these draws, with no gradient of q(z_k | x, y) to q's own parameters, then has the
    doubly reparameterised gradient: sum_k w_k^2 d log w_k / d z_k for beta = 1, whose
    signal-to-noise ratio increases with K, while that of the standard gradient decreases. The
    differentiated log-weights contribute the other factor w_k. For other values of beta the same
    derivation, eq. 6 to 8, gives w_k (1 - beta (1 - w_k)).

    Args:
        z: (batch, K, latent_dim), differentiable in the parameters of q.
        log_weights: (batch, K), at z; they are treated as constants.
        beta: exponent of the ratio of prior to q in the weights.

    Source: Tucker et al. 2019, eq. 8.
    """
    shares = ops.stop_gradient(ops.softmax(log_weights, axis=-1))
    scale = (1 - beta * (1 - shares))[..., None]  # (batch, K, 1)

    # z itself in the forward pass, so that a compiler decodes the draws once, not for each use
    @ops.custom_gradient
    def scaled(z: Tensor) -> tuple[Tensor, Any]:
        def gradient(*arguments: Tensor, upstream: Tensor = None) -> Tensor:
            # Keras on PyTorch passes it by name
            return scale * (arguments[0] if upstream is None else upstream)

        return z, gradient

    return scaled(z)
