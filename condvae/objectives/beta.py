"""The weight of the KL divergence in each training step."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from condvae.objectives.settings import Settings

Tensor = Any


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class Beta(Settings):
    """The weight of the KL divergence in the loss: `ELBO(Beta(4.0, warmup=1000))`.

    A model stores the weight in a variable, so that changing it needs no recompilation.

    Attributes:
        value: the weight; 1 gives a bound, other values as in Higgins et al. 2017.
        warmup: number of training steps in which the weight rises to value, see `rising_share`.
        period: number of steps after which the weight restarts at 0; None: never.
    """

    value: float = 1.0
    warmup: int = 0
    period: int | None = None

    def at(self, value: Tensor, step: Tensor) -> Tensor:
        """The weight in a training step, counted from 0, given the model's value."""
        return value * rising_share(step, self.warmup, self.period) if self.warmup else value


UNWEIGHTED = Beta()


def rising_share(step: Tensor, rise: int, period: int | None = None) -> Tensor:
    """The share of beta that applies at a step: it rises from 0 to 1 and stays there.

    min(1, (step mod period) / rise): linear warm-up, or cyclical annealing if there is a period.

    Args:
        step: int32, from 0.
        rise: number of steps until beta is reached.
        period: number of steps after which it restarts at 0; None: never.

    Source: Bowman et al. 2016, section 3.1; Fu et al. 2019, eq. 6 (their R is rise / period).
    """
    step = step if period is None else ops.mod(step, period)
    return ops.minimum(ops.cast(step, "float32") / rise, 1.0)
