"""What an objective is: what it needs of the networks, and the loss that it makes of that."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from condvae.objectives.beta import Beta
from condvae.objectives.settings import Settings
from condvae.objectives.terms import Terms

Tensor = Any


class Objective(Settings, ABC):
    """What training minimises: a frozen dataclass, registered with Keras, of a `CVAE`'s settings.

    Attributes:
        beta: weight of the KL.
        needs: the networks that a model must have, by the names of its attributes.
        takes: those that it may have besides.
    """

    beta: Beta
    needs: ClassVar[frozenset[str]] = frozenset({"encoder", "decoder"})
    takes: ClassVar[frozenset[str]] = frozenset({"prior", "baseline"})

    @property
    def trains_encoder(self) -> bool:
        """Whether q(z | x, y) is learned; else the prior stands in for it."""
        return True

    @property
    def counts_steps(self) -> bool:
        """Whether the loss depends on the training step."""
        return bool(self.beta.warmup)

    @abstractmethod
    def outputs(
        self, model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
    ) -> dict[str, Tensor]:
        """What `terms` reads that only the networks can compute, by name.

        Args:
            model: the CVAE.
            x: (batch, *image_shape), the target.
            y: (batch, *condition_shape), encoded.
            guess: x_params by the baseline, or None.
            training: handed on to the networks.
        """

    @abstractmethod
    def terms(self, model: Any, outputs: Mapping[str, Tensor], training: bool) -> Terms:
        """The loss and its parts, (batch,) nats each.

        Args:
            outputs: of `outputs`, and "x", "pixel_weights" (where not all pixels count) and
                "guess" (where there is a baseline).
            training: the weight of the KL is whole in validation, so that epochs compare.
        """

    def weight(self, model: Any, training: bool) -> Tensor:
        """The weight of the KL in force: in validation the whole."""
        return self.beta.at(model.beta, model.step) if training else model.beta


def likelihood_of(model: Any, outputs: Mapping[str, Tensor], name: str = "x_params") -> Any:
    """p(x | z, y) of the parameters by that name, over the pixels that count."""
    return model.likelihood(outputs[name], outputs.get("pixel_weights", 1.0))
