"""What priors beyond the Normal know of y."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from condvae.models.initializers import in_place_of
from condvae.models.layers import Dropout, flat_concatenated, named_inputs

Initializers = Iterator[keras.initializers.Initializer]


def dense_from_zeros(size: int, name: str, initializers: Initializers) -> keras.layers.Dense:
    """A layer that at first writes zeros: what it is to change starts as it is."""
    # drawn all the same, so that the seeds of the layers after it stay
    kernel = in_place_of(next(initializers), lambda seed: keras.initializers.Zeros())
    return keras.layers.Dense(size, name=name, kernel_initializer=kernel)


def embedding(
    condition_shape: Sequence[int] | None,
    dim: int,
    size: int,
    activation: str,
    guess_shape: Sequence[int] | None,
    initializers: Initializers,
    embedded: Callable[..., Any] | None,
    dropout: Dropout,
) -> keras.Model:
    """y, and the baseline's guess, as a vector, and a Normal given them that starts as N(0, 1).

    Args:
        condition_shape: of y.
        dim: of the Normal.
        size: of the vector.
        guess_shape: of the guess; None for none.
        embedded: makes a vector of the inputs and initializers; None: the numbers as they are.
        dropout: of the vector's values in training.

    Returns:
        A functional model {"y"[, "guess"]} -> {"context": (batch, size), "mean", "logvar": (batch,
        dim)}.
    """
    inputs = named_inputs(y=condition_shape, guess=guess_shape)
    hidden = embedded(inputs, initializers) if embedded else flat_concatenated(inputs)
    context = keras.layers.Dense(
        size, activation, kernel_initializer=next(initializers), name="embedding"
    )(hidden)
    context = dropout.applied(context, 0)
    outputs = {
        name: dense_from_zeros(dim, name, initializers)(context) for name in ("mean", "logvar")
    }
    return keras.Model(inputs, {"context": context, **outputs}, name="embedding")
