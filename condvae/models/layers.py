"""What encoders and decoders share."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np


def seed_stream(seed: int) -> Iterator[int]:
    """Endless seeds for initialisers, fixed by one; the process's global generators stay alone."""
    generator = np.random.default_rng(seed)
    while True:
        yield int(generator.integers(2**31))


def dense_stack(
    inputs: Any,
    hidden_dims: Sequence[int],
    activation: str,
    seeds: Iterator[int],
    activity_regularizer: str | None = None,
) -> Any:
    """Hidden dense layers of the given sizes, one after the other."""
    for depth, size in enumerate(hidden_dims):
        inputs = keras.layers.Dense(
            size,
            activation=activation,
            activity_regularizer=activity_regularizer,
            kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
            name=f"hidden_{depth}",
        )(inputs)
    return inputs
