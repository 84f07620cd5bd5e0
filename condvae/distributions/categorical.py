"""Choices of one class out of several."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from keras import ops

from condvae.distributions.event import Tensor, sum_event


@dataclass(frozen=True)
class Categorical:
    """Independent choices of one class out of several, from logits; draws are one-hot.

    Attributes:
        logits: (..., *event_shape, num_classes); log-probabilities up to a constant.
        event_ndim: number of trailing axes that form one draw, including that of the classes;
            densities sum over them.
        weights: weight of each choice in the densities, 0 to omit it; broadcasts against logits.
    """

    logits: Tensor
    event_ndim: int = 1
    weights: Tensor = 1.0
    noise: ClassVar[Literal["normal", "uniform"]] = "uniform"

    @property
    def mean(self) -> Tensor:
        """Probability of each class."""
        return ops.softmax(self.logits, axis=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability of one-hot choices, nats, summed over the event axes."""
        log_prob = value * ops.log_softmax(self.logits, axis=-1)
        return sum_event(self.weights * log_prob, self.event_ndim)

    def transform(self, noise: Tensor) -> Tensor:
        """The one-hot draw, float32, that corresponds to uniform noise in [0, 1), by Gumbel-max."""
        # noise may be 0, whose logarithm is infinite
        gumbel = -ops.log(-ops.log(ops.maximum(noise, 1e-30)))
        chosen = ops.argmax(self.logits + gumbel, axis=-1)
        return ops.one_hot(chosen, self.logits.shape[-1], dtype="float32")
