"""The weight of the KL, step by step."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from condvae.objectives.settings import Settings

Tensor = Any


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class Beta(Settings):
    """How much the KL weighs in the loss: `ELBO(Beta(4.0, warmup=1000))`.

    A model keeps the weight in a variable, so that another one needs no recompilation.

    Attributes:
        value: the weight; 1 gives a bound, others as in Higgins et al. 2017.
        warmup: training steps in which the weight rises to value, see `rising_share`.
        period: steps after which it begins again at 0; None: never.
    """

    value: float = 1.0
    warmup: int = 0
    period: int | None = None

    def at(self, value: Tensor, step: Tensor) -> Tensor:
        """What is in force of the model's value in a training step, counted from 0."""
        return value * rising_share(step, self.warmup, self.period) if self.warmup else value


UNWEIGHTED = Beta()


def rising_share(step: Tensor, rise: int, period: int | None = None) -> Tensor:
    """Share of beta in force at a step: it rises from 0 to 1, and stays.

    min(1, (step mod period) / rise): linear warm-up, or cyclical where there is a period.

    Args:
        step: int32, from 0.
        rise: steps until beta is whole.
        period: steps after which it begins again at 0; None: never.

    Source: Bowman et al. 2016, section 3.1; Fu et al. 2019, eq. 6 (their R is rise / period).
    """
    step = step if period is None else ops.mod(step, period)
    return ops.minimum(ops.cast(step, "float32") / rise, 1.0)
