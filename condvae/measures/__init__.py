"""Numbers from arrays: no model, no figure."""

from condvae.measures.latent import active_units, latent_activity

__all__ = ["active_units", "latent_activity"]
