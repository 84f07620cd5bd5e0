"""The evidence lower bound."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from condvae.objectives.beta import UNWEIGHTED, Beta
from condvae.objectives.divergence import kl_parts
from condvae.objectives.free_bits import with_free_bits
from condvae.objectives.objective import Objective, likelihood_of
from condvae.objectives.terms import Distribution, Terms

Tensor = Any


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class ELBO(Objective):
    """The negative evidence lower bound with one draw of z, see `elbo_terms`.

    Attributes:
        beta: weight of the KL divergence.
        free_bits: nats for each latent, see `free_bits_kl`; only in training.
    """

    beta: Beta = UNWEIGHTED
    free_bits: float = 0.0

    def outputs(
        self, model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
    ) -> dict[str, Tensor]:
        """The inputs of `terms`, computed at one z ~ q(z | x, y)."""
        return one_draw(model, x, y, guess, training)[0]

    def terms(self, model: Any, outputs: Mapping[str, Tensor], training: bool) -> Terms:
        """The negative ELBO and its terms."""
        beta, kl = self.weight(model, training), outputs["kl"]
        terms = elbo_terms(outputs["x"], likelihood_of(model, outputs), kl, beta)
        if not (self.free_bits and training):
            return terms
        return with_free_bits(terms, kl, model.latent_dim, self.free_bits, beta)


def one_draw(
    model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
) -> tuple[dict[str, Tensor], Any]:
    """x_params and the parts of the KL at one z ~ q(z | x, y), and p(z | y) itself."""
    prior = model.prior_given(y, guess, training)
    posterior = model.posterior(x, y, prior, training)
    z = posterior.sample(model.noise)
    outputs = {
        "mean": posterior.mean,
        "logvar": posterior.logvar,
        "prior_mean": prior.mean,
        "z": z,
        "x_params": model.decode(z, y, guess, training),
        "kl": kl_parts(posterior, prior, z),
    }
    return outputs, prior


def elbo_terms(x: Tensor, likelihood: Distribution, kl: Tensor, beta: Any = 1.0) -> Terms:
    """The negative ELBO, with the KL weighted by beta.

    Args:
        x: (batch, *image_shape) float32, the encoded target.
        likelihood: p(x | z, y) at one draw of z.
        kl: (batch, parts) of the KL of q(z | x, y) from p(z | y), see `kl_parts`.
        beta: weight of the KL; 1 gives the bound, other values as in Higgins et al. 2017.

    Source: Kingma & Welling 2014, eq. 10; conditional: Sohn, Lee & Yan 2015, eq. 4.
    """
    reconstruction_loss = -likelihood.log_prob(x)
    kl_loss = ops.sum(kl, axis=-1)
    return Terms(reconstruction_loss + beta * kl_loss, reconstruction_loss, kl_loss)
