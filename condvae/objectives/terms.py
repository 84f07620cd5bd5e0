"""What an objective is made of, example by example, in nats."""

from typing import Any, NamedTuple, Protocol

Tensor = Any


class Distribution(Protocol):
    """What the objective needs of p(x | z, y)."""

    def log_prob(self, value: Tensor) -> Tensor:
        """log p(x | z, y) of a value, (batch,) nats."""
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
