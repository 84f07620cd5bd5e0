"""What fully connected networks share."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras


def dense_stack(
    inputs: Any,
    hidden_dims: Sequence[int],
    activation: str,
    initializers: Iterator[keras.initializers.Initializer],
    activity_regularizer: str | None = None,
    residual: bool = False,
) -> Any:
    """Hidden dense layers of the given sizes, one after the other, or residual blocks."""
    if residual:
        return residual_stack(inputs, hidden_dims, activation, initializers)
    for depth, size in enumerate(hidden_dims):
        inputs = keras.layers.Dense(
            size,
            activation=activation,
            activity_regularizer=activity_regularizer,
            kernel_initializer=next(initializers),
            name=f"hidden_{depth}",
        )(inputs)
    return inputs


def residual_stack(
    inputs: Any,
    hidden_dims: Sequence[int],
    activation: str,
    initializers: Iterator[keras.initializers.Initializer],
) -> Any:
    """A residual block of two dense layers for each of the sizes, activations before the layers.

    Source: He et al. 2016 (identity mappings).
    """

    def dense(size: int, name: str, tensor: Any) -> Any:
        return keras.layers.Dense(size, name=name, kernel_initializer=next(initializers))(tensor)

    def active(name: str, tensor: Any) -> Any:
        return keras.layers.Activation(activation, name=f"{name}_activation")(tensor)

    for depth, size in enumerate(hidden_dims):
        if depth == 0 or size != hidden_dims[depth - 1]:
            inputs = dense(size, f"width_{depth}", inputs)
        inner = dense(size, f"block_{depth}_a", active(f"block_{depth}_a", inputs))
        inner = dense(size, f"block_{depth}_b", active(f"block_{depth}_b", inner))
        inputs = keras.layers.Add(name=f"block_{depth}")([inputs, inner])
    return active("last", inputs)


def flat_concatenated(inputs: Mapping[str, Any]) -> Any:
    """The inputs as one vector each, one after the other: (batch, sum of their sizes)."""
    flat = [
        tensor if len(tensor.shape) == 2 else keras.layers.Flatten(name=f"flat_{name}")(tensor)
        for name, tensor in inputs.items()
    ]
    name = "_and_".join(inputs)
    return flat[0] if len(flat) == 1 else keras.layers.Concatenate(name=name)(flat)


def normal_outputs(
    hidden: Any, latent_dim: int, initializers: Iterator[keras.initializers.Initializer]
) -> dict[str, Any]:
    """The parameters of a normal distribution over z: {"mean", "logvar"}, (batch, latent_dim)."""
    return {
        name: keras.layers.Dense(latent_dim, name=name, kernel_initializer=next(initializers))(
            hidden
        )
        for name in ("mean", "logvar")
    }
