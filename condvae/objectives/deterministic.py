"""The deterministic baseline as an objective."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from condvae.objectives.beta import UNWEIGHTED, Beta
from condvae.objectives.objective import Objective, likelihood_of
from condvae.objectives.terms import Distribution, Terms

Tensor = Any


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class Deterministic(Objective):
    """-log p(x | y) of the baseline alone, see `deterministic_terms`; beta has no effect."""

    beta: Beta = UNWEIGHTED
    needs: ClassVar = frozenset({"baseline"})
    takes: ClassVar = frozenset()

    def outputs(
        self, model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
    ) -> dict[str, Tensor]:
        """Nothing: the guess is always among the outputs."""
        return {}

    def terms(self, model: Any, outputs: Mapping[str, Tensor], training: bool) -> Terms:
        """-log p(x | y) of the guess alone."""
        return deterministic_terms(outputs["x"], likelihood_of(model, outputs, "guess"))


def deterministic_terms(x: Tensor, prediction: Distribution) -> Terms:
    """-log p(x | y) of a network without latents, or at one given z.

    Source: Sohn, Lee & Yan 2015, section 4 (the NN baseline).
    """
    loss = -prediction.log_prob(x)
    return Terms(loss, loss, ops.zeros_like(loss))
