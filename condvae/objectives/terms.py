"""The terms of an objective, per example, in nats."""

from typing import Any, NamedTuple, Protocol

Tensor = Any


class Distribution(Protocol):
    """The interface of p(x | z, y) that objectives need."""

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(x | z, y) of a value, (batch,) nats."""
        ...


class Terms(NamedTuple):
    """An objective and its terms, each (batch,) nats.

    Attributes:
        loss: the quantity to minimise, reconstruction_loss + beta * kl_loss or that of another
            objective.
        reconstruction_loss: E_q[-log p(x | z, y)] from one draw of z, summed over pixels.
        kl_loss: KL(q(z | x, y) || p(z | y)), summed over latents; in closed form between two
            Normals, otherwise from the same draw, log q(z | x, y) - log p(z | y).
    """

    loss: Tensor
    reconstruction_loss: Tensor
    kl_loss: Tensor

    @property
    def elbo(self) -> Tensor:
        """-(reconstruction_loss + kl_loss), at most log p(x | y); higher is better."""
        return -(self.reconstruction_loss + self.kl_loss)
