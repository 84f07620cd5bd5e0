"""An objective to which a loss is added."""

from dataclasses import dataclass
from typing import ClassVar

from condvae.objectives.beta import Beta
from condvae.objectives.objective import Objective


@dataclass(frozen=True)
class Added(Objective):
    """Another objective, which defines everything but the added loss.

    Attributes:
        objective: the objective to which the loss is added.
        network: the network that the loss needs.
    """

    objective: Objective
    network: ClassVar[str]

    @property
    def beta(self) -> Beta:  # type: ignore[override]
        """Weight of the KL in the other objective."""
        return self.objective.beta

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """The networks of the other objective, and that of the loss."""
        return self.objective.needs | {self.network}

    @property
    def takes(self) -> frozenset[str]:  # type: ignore[override]
        """The optional networks of the other objective."""
        return self.objective.takes

    @property
    def trains_encoder(self) -> bool:
        """Whether the other objective trains the encoder."""
        return self.objective.trains_encoder

    @property
    def counts_steps(self) -> bool:
        """Whether the other objective depends on the training step."""
        return self.objective.counts_steps
