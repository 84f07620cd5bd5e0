"""What training maximises: pure functions of distributions, per example, in nats."""

from condvae.objectives.divergence import kl_parts
from condvae.objectives.elbo import Terms, elbo_terms
from condvae.objectives.free_bits import free_bits_kl
from condvae.objectives.hybrid import coarse_loss, deterministic_terms, hybrid_terms
from condvae.objectives.importance import doubly_reparameterised, importance_terms
from condvae.objectives.schedules import rising_share
from condvae.objectives.semi_supervised import semi_supervised_terms

__all__ = [
    "Terms",
    "coarse_loss",
    "deterministic_terms",
    "doubly_reparameterised",
    "elbo_terms",
    "free_bits_kl",
    "hybrid_terms",
    "importance_terms",
    "kl_parts",
    "rising_share",
    "semi_supervised_terms",
]
