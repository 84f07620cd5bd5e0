"""The interface of an objective: the outputs that it needs, and the loss computed from them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from condvae.objectives.beta import Beta
from condvae.objectives.settings import Settings
from condvae.objectives.terms import Terms

Tensor = Any


class Objective(Settings, ABC):
    """A training objective: a frozen dataclass, registered with Keras, among a `CVAE`'s settings.

    Attributes:
        beta: weight of the KL divergence.
        needs: networks that a model must have, by the names of its attributes.
        takes: optional networks.
    """

    beta: Beta
    needs: ClassVar[frozenset[str]] = frozenset({"encoder", "decoder"})
    takes: ClassVar[frozenset[str]] = frozenset({"prior", "baseline"})

    @property
    def trains_encoder(self) -> bool:
        """Whether q(z | x, y) is trained; otherwise the prior takes its place."""
        return True

    @property
    def counts_steps(self) -> bool:
        """Whether the loss depends on the training step."""
        return bool(self.beta.warmup)

    @property
    def added(self) -> tuple[str, ...]:
        """Names of the outputs, (batch,) nats, that it adds to the terms of another objective."""
        return ()

    @abstractmethod
    def outputs(
        self, model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
    ) -> dict[str, Tensor]:
        """The inputs of `terms` that only the networks can compute, by name.

        Args:
            model: the CVAE.
            x: (batch, *image_shape), the target.
            y: (batch, *condition_shape), encoded.
            guess: x_params of the baseline, or None.
            training: passed on to the networks.
        """

    @abstractmethod
    def terms(self, model: Any, outputs: Mapping[str, Tensor], training: bool) -> Terms:
        """The loss and its terms, (batch,) nats each.

        Args:
            outputs: those of `outputs`, with "x", "pixel_weights" (if not all pixels count) and
                "guess" (if there is a baseline).
            training: False uses the full weight of the KL, so that validation losses of epochs are
                comparable.
        """

    def weight(self, model: Any, training: bool) -> Tensor:
        """The current weight of the KL; the full weight in validation."""
        return self.beta.at(model.beta, model.step) if training else model.beta


def likelihood_of(model: Any, outputs: Mapping[str, Tensor], name: str = "x_params") -> Any:
    """p(x | z, y) with the parameters of that name, over the pixels that count."""
    return model.likelihood(outputs[name], outputs.get("pixel_weights", 1.0))
