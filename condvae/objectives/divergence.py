"""The divergence of q(z | x, y) from p(z | y): in closed form if there is one, else by a draw."""

from typing import Any, Protocol

from condvae.distributions import Chain, Normal, kl_by_dimension

Tensor = Any


class Density(Protocol):
    """The interface of p(z | y) for a KL divergence without a closed form."""

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(z | y) of a value, (batch,) nats."""
        ...


def kl_parts(posterior: Normal | Chain, prior: Normal | Density, z: Tensor) -> Tensor:
    """The KL divergence in the finest parts available, which add up to it.

    Between two Normals it is in closed form, for each latent; between two chains likewise, for each
    group given the draws of the groups before it. For any other prior, whose latents are dependent,
    it is one part by Monte Carlo: log q(z | x, y) - log p(z | y), unbiased, and negative for some
    draws.

    Args:
        posterior: q(z | x, y), (batch, latent_dim).
        prior: p(z | y).
        z: (batch, latent_dim), drawn from the posterior.

    Returns:
        (batch, latent_dim) nats in closed form, (batch, 1) by Monte Carlo.

    Source: Kingma & Welling 2014, appendix B; Tomczak & Welling 2018, eq. 3.
    """
    if isinstance(posterior, Chain) and isinstance(prior, Chain):
        posterior, prior = posterior.given(z), prior.given(z)
    if isinstance(posterior, Normal) and isinstance(prior, Normal):
        return kl_by_dimension(posterior, prior)
    return (posterior.log_prob(z) - prior.log_prob(z))[:, None]
