"""What training maximises: pure functions of distributions, per example, in nats."""

from condvae.objectives.elbo import Terms, elbo_terms
from condvae.objectives.hybrid import coarse_loss, deterministic_terms, hybrid_terms

__all__ = ["Terms", "coarse_loss", "deterministic_terms", "elbo_terms", "hybrid_terms"]
