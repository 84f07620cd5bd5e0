"""The evidence lower bound."""

from typing import Any, NamedTuple, Protocol

from keras import ops

Tensor = Any


class Distribution(Protocol):
    """What the objective needs of p(x | z, y)."""

    def log_prob(self, value: Tensor) -> Tensor:
        """(batch,) nats."""
        ...


class Terms(NamedTuple):
    """An objective and its parts, each (batch,) nats.

    Attributes:
        loss: what is minimised, reconstruction_loss + beta * kl_loss or another of the objectives.
        reconstruction_loss: E_q[-log p(x | z, y)] by one draw of z, summed over pixels.
        kl_loss: KL(q(z | x, y) || p(z | y)), summed over latents; in closed form between two
            Normals, else by the same draw, log q(z | x, y) - log p(z | y).
    """

    loss: Tensor
    reconstruction_loss: Tensor
    kl_loss: Tensor

    @property
    def elbo(self) -> Tensor:
        """-(reconstruction_loss + kl_loss), at most log p(x | y); higher is better."""
        return -(self.reconstruction_loss + self.kl_loss)


def elbo_terms(x: Tensor, likelihood: Distribution, kl: Tensor, beta: Any = 1.0) -> Terms:
    """The negative ELBO with the KL weighted by beta.

    Args:
        x: (batch, *image_shape) float32, the target that was encoded.
        likelihood: p(x | z, y) at one draw of z.
        kl: (batch, parts) of q(z | x, y) from p(z | y), see `kl_parts`.
        beta: weight of the KL; 1 is the bound, others as in Higgins et al. 2017.

    Source: Kingma & Welling 2014, eq. 10; conditional: Sohn, Lee & Yan 2015, eq. 4.
    """
    reconstruction_loss = -likelihood.log_prob(x)
    kl_loss = ops.sum(kl, axis=-1)
    return Terms(reconstruction_loss + beta * kl_loss, reconstruction_loss, kl_loss)
