"""Layers and stacks that fully connected networks share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops


@dataclass(frozen=True)
class Dropout:
    """The share of a network's hidden values that training drops, at random from a seed.

    Source: Srivastava et al. 2014.
    """

    rate: float = 0.0
    seed: int = 0

    def applied(self, hidden: Any, depth: int) -> Any:
        """Apply dropout to the values of the hidden layer at that depth."""
        if not self.rate:
            return hidden
        # seeds lie below 2**31, see `build_model`
        return keras.layers.Dropout(self.rate, seed=self.seed + depth, name=f"dropout_{depth}")(
            hidden
        )


NO_DROPOUT = Dropout()


def dense_stack(
    inputs: Any,
    hidden_dims: Sequence[int],
    activation: str,
    initializers: Iterator[keras.initializers.Initializer],
    activity_regularizer: str | None = None,
    residual: bool = False,
    condition: Any = None,
    dropout: Dropout = NO_DROPOUT,
    prefix: str = "",
) -> Any:
    """Hidden dense layers of the given sizes, or residual blocks, one after another.

    Args:
        prefix: prefix of the layers' names, if a network has several stacks.
        condition: the part of the inputs that every layer, or block, sees; None: the first one
            only.
    """
    if condition is not None:
        condition = flat_concatenated({"condition": condition})
    if residual:
        return residual_stack(inputs, hidden_dims, activation, initializers, condition, dropout)
    for depth, size in enumerate(hidden_dims):
        if depth:  # the first layer sees it in its inputs
            inputs = _beside(inputs, condition, f"hidden_{depth}_inputs")
        inputs = keras.layers.Dense(
            size,
            activation=activation,
            activity_regularizer=activity_regularizer,
            kernel_initializer=next(initializers),
            name=f"{prefix}hidden_{depth}",
        )(inputs)
        inputs = dropout.applied(inputs, depth)
    return inputs


def residual_stack(
    inputs: Any,
    hidden_dims: Sequence[int],
    activation: str,
    initializers: Iterator[keras.initializers.Initializer],
    condition: Any = None,
    dropout: Dropout = NO_DROPOUT,
) -> Any:
    """A residual block of two dense layers for each of the sizes, in pre-activation order.

    Args:
        condition: (batch, size) that each block sees beside the output of the previous one.

    Source: He et al. 2016 (identity mappings).
    """

    def dense(size: int, name: str, tensor: Any) -> Any:
        return keras.layers.Dense(size, name=name, kernel_initializer=next(initializers))(tensor)

    def active(name: str, tensor: Any) -> Any:
        return keras.layers.Activation(activation, name=f"{name}_activation")(tensor)

    for depth, size in enumerate(hidden_dims):
        # a block's output is added to its input, which must have the same size
        if depth == 0 or size != hidden_dims[depth - 1]:
            inputs = dense(size, f"width_{depth}", inputs)
        inner = active(f"block_{depth}_a", inputs)
        inner = _beside(inner, condition, f"block_{depth}_inputs")
        inner = dense(size, f"block_{depth}_a", inner)  # (batch, size)
        inner = dropout.applied(active(f"block_{depth}_b", inner), depth)
        inner = dense(size, f"block_{depth}_b", inner)
        inputs = keras.layers.Add(name=f"block_{depth}")([inputs, inner])
    # the blocks end in a sum, to which no activation was applied yet
    return active("last", inputs)


def _beside(hidden: Any, condition: Any, name: str) -> Any:
    """The hidden units, concatenated with the condition if there is one."""
    if condition is None:
        return hidden
    return keras.layers.Concatenate(name=name)([hidden, condition])


def named_inputs(**shapes: Sequence[int] | None) -> dict[str, Any]:
    """A keras.Input for each of the given shapes, by name."""
    given = {name: shape for name, shape in shapes.items() if shape is not None}
    return {name: keras.Input(tuple(shape), name=name) for name, shape in given.items()}


def flat_concatenated(inputs: Mapping[str, Any]) -> Any:
    """The inputs, flattened and concatenated: (batch, sum of their sizes)."""
    flat = [
        # flattening a vector would add an operation to every graph
        tensor if len(tensor.shape) == 2 else keras.layers.Flatten(name=f"flat_{name}")(tensor)
        for name, tensor in inputs.items()
    ]
    name = "_and_".join(inputs)
    return flat[0] if len(flat) == 1 else keras.layers.Concatenate(name=name)(flat)


def normal_outputs(
    hidden: Any,
    latent_dim: int,
    initializers: Iterator[keras.initializers.Initializer],
    is_bounded: bool = False,
) -> dict[str, Any]:
    """The parameters of a normal distribution over z: {"mean", "logvar"}, (batch, latent_dim).

    Args:
        is_bounded: whether a `SoftBound` limits the logvar: with thousands of hidden values, one
            large step of all their weights could make it so low that a KL divergence overflows.
    """
    outputs = {
        name: keras.layers.Dense(latent_dim, name=name, kernel_initializer=next(initializers))(
            hidden
        )
        for name in ("mean", "logvar")
    }
    if is_bounded:
        outputs["logvar"] = SoftBound(name="bounded_logvar")(outputs["logvar"])
    return outputs


@keras.saving.register_keras_serializable("condvae")
class SoftBound(keras.layers.Layer):
    """Limits numbers to ±BOUND, almost without changing those near 0.

    Source: Vahdat & Kautz 2020 (NVAE), whose log standard deviations lie within ±5.
    """

    BOUND = 10.0

    @classmethod
    def inverse(cls, value: np.ndarray) -> np.ndarray:
        """The inputs that give these outputs; outputs beyond the bound are clipped first."""
        return cls.BOUND * np.arctanh(np.clip(value / cls.BOUND, -0.99, 0.99))

    def call(self, value: Any) -> Any:
        """BOUND * tanh(value / BOUND), of the same shape."""
        return self.BOUND * ops.tanh(value / self.BOUND)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape


@keras.saving.register_keras_serializable("condvae")
class LearnedScale(keras.layers.Layer):
    """Appends trained logarithms of variances to means: the input of `NormalLikelihood`.

    The likelihood imposes their lower bound, on the sum of those of decoder and baseline.

    Args:
        per_dimension: whether each dimension has its own variance, or all share one.
    """

    # Adam's steps have the size of the learning rate: from 1 to a tenth in hundreds, not thousands
    GAIN = 10.0

    def __init__(self, per_dimension: bool = False, **kwargs: Any):
        # float32, as in the likelihood
        super().__init__(**{"name": "scale", "dtype": "float32", **kwargs})
        self.per_dimension = per_dimension

    def build(self, input_shape: Any) -> None:
        """Create one weight, or one per dimension; named a bias, so that it has no weight decay."""
        shape = tuple(input_shape[1:]) if self.per_dimension else (1,)
        self.bias = self.add_weight(shape=shape, initializer="zeros", name="logvar_bias")

    def call(self, mean: Any) -> Any:
        """(batch, *shape[:-1], 2 * shape[-1]) from means (batch, *shape)."""
        return ops.concatenate([mean, ops.zeros_like(mean) + self.GAIN * self.bias], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape with the last axis twice as long."""
        return (*input_shape[:-1], 2 * input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Keras's serialisation."""
        return {**super().get_config(), "per_dimension": self.per_dimension}
