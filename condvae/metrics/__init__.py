"""Numbers from arrays: no model, no figure."""

from condvae.metrics.latent import active_units, latent_activity

__all__ = ["active_units", "latent_activity"]
