"""How far q(z | x, y) is from p(z | y): in closed form where there is one, else by a draw."""

from typing import Any, Protocol

from condvae.distributions import Chain, Normal, kl_by_dimension

Tensor = Any


class Density(Protocol):
    """What the KL needs of p(z | y) where there is no closed form."""

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(z | y) of a value, (batch,) nats."""
        ...


def kl_parts(posterior: Normal | Chain, prior: Normal | Density, z: Tensor) -> Tensor:
    """The KL in the finest parts that there are; they add up to it.

    Between two Normals in closed form, latent by latent; between two chains likewise, each group
    given those before it as they were drawn. Of another prior, whose latents hang together, the
    whole by Monte Carlo: log q(z | x, y) - log p(z | y), unbiased, negative for some draws.

    Args:
        posterior: q(z | x, y), (batch, latent_dim).
        prior: p(z | y).
        z: (batch, latent_dim), drawn from the posterior.

    Returns:
        (batch, latent_dim) nats in closed form, (batch, 1) by the draw.

    Source: Kingma & Welling 2014, appendix B; Tomczak & Welling 2018, eq. 3.
    """
    if isinstance(posterior, Chain) and isinstance(prior, Chain):
        posterior, prior = posterior.given(z), prior.given(z)
    if isinstance(posterior, Normal) and isinstance(prior, Normal):
        return kl_by_dimension(posterior, prior)
    return (posterior.log_prob(z) - prior.log_prob(z))[:, None]
