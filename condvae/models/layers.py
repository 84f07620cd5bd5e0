"""What encoders and decoders share."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras


def dense_stack(
    inputs: Any,
    hidden_dims: Sequence[int],
    activation: str,
    initializers: Iterator[keras.initializers.Initializer],
    activity_regularizer: str | None = None,
) -> Any:
    """Hidden dense layers of the given sizes, one after the other."""
    for depth, size in enumerate(hidden_dims):
        inputs = keras.layers.Dense(
            size,
            activation=activation,
            activity_regularizer=activity_regularizer,
            kernel_initializer=next(initializers),
            name=f"hidden_{depth}",
        )(inputs)
    return inputs
