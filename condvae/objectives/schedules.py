"""The weight of the KL, step by step."""

from typing import Any

from keras import ops

Tensor = Any


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
