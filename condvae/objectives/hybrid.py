"""An objective that interpolates between the CVAE and the GSNN."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from condvae.objectives.beta import UNWEIGHTED, Beta
from condvae.objectives.deterministic import deterministic_terms
from condvae.objectives.elbo import elbo_terms, one_draw
from condvae.objectives.free_bits import with_free_bits
from condvae.objectives.objective import Objective, likelihood_of
from condvae.objectives.terms import Distribution, Terms

Tensor = Any


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class Hybrid(Objective):
    """The ELBO mixed with the likelihood at a draw from the prior, see `hybrid_terms`.

    Attributes:
        alpha: share of the ELBO, in [0, 1].
        beta: weight of the KL divergence.
        free_bits: nats for each latent, see `free_bits_kl`; only in training.
    """

    alpha: float
    beta: Beta = UNWEIGHTED
    free_bits: float = 0.0

    @property
    def trains_encoder(self) -> bool:
        """Whether the ELBO has a share; the GSNN does not train the encoder."""
        return self.alpha > 0

    def outputs(
        self, model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
    ) -> dict[str, Tensor]:
        """The outputs at draws from q(z | x, y) and p(z | y), or one of them if alpha is 0 or 1."""
        outputs, prior = one_draw(model, x, y, guess, training)
        if 0 < self.alpha < 1:
            z = prior.sample(model.noise)
            outputs["x_params_from_prior"] = model.decode(z, y, guess, training)
        return outputs

    def terms(self, model: Any, outputs: Mapping[str, Tensor], training: bool) -> Terms:
        """The mixture of both losses, and the ELBO's terms."""
        beta, kl, second = self.weight(model, training), outputs["kl"], "x_params_from_prior"
        from_posterior = likelihood_of(model, outputs)
        from_prior = likelihood_of(model, outputs, second) if second in outputs else from_posterior
        terms = hybrid_terms(outputs["x"], from_posterior, from_prior, kl, self.alpha, beta)
        if not (self.free_bits and training):
            return terms
        # the weight of the KL in the loss is alpha * beta
        weight = self.alpha * beta
        return with_free_bits(terms, kl, model.latent_dim, self.free_bits, weight)


def hybrid_terms(
    x: Tensor,
    from_posterior: Distribution,
    from_prior: Distribution,
    kl: Tensor,
    alpha: float,
    beta: Any = 1.0,
) -> Terms:
    """alpha times the negative ELBO plus (1 - alpha) times -log p(x | z, y) with z from the prior.

    alpha = 1 is the CVAE; alpha = 0 is the Gaussian stochastic network (GSNN), which is trained as
    it predicts; the hybrid in between closes the gap between the two draws of z.

    Args:
        x: (batch, *image_shape) float32 target.
        from_posterior: p(x | z, y) at one z ~ q(z | x, y).
        from_prior: p(x | z, y) at one z ~ p(z | y).
        kl: (batch, parts) of q(z | x, y) from p(z | y), see `kl_parts`.
        alpha: in [0, 1].
        beta: weight of the KL in the negative ELBO.

    Returns:
        Terms of the ELBO; for alpha = 0, where q is not trained, the terms of the bound log p(x |
        y) >= E_p(z | y)[log p(x | z, y)], which has no KL.

    Source: Sohn, Lee & Yan 2015, eq. 5 to 7.
    """
    if alpha == 0:
        return deterministic_terms(x, from_prior)
    terms = elbo_terms(x, from_posterior, kl, beta)
    if alpha == 1:
        return terms
    return terms._replace(loss=alpha * terms.loss - (1 - alpha) * from_prior.log_prob(x))
