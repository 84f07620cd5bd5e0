"""What training maximises: pure functions of distributions, per example, in nats."""

from condvae.objectives.elbo import Terms, elbo_terms

__all__ = ["Terms", "elbo_terms"]
