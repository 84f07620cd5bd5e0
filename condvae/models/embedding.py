"""The embedding of y for priors other than the Normal."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from condvae.models.initializers import in_place_of
from condvae.models.layers import Dropout, flat_concatenated, named_inputs

Initializers = Iterator[keras.initializers.Initializer]


def dense_from_zeros(size: int, name: str, initializers: Initializers) -> keras.layers.Dense:
    """A layer whose output is zero at first, so that what it modifies starts unchanged."""
    # an initialiser is drawn all the same, so that the seeds of later layers stay the same
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
        condition_shape: shape of y.
        dim: dimension of the Normal.
        size: size of the vector.
        guess_shape: shape of the guess; None for none.
        embedded: makes a vector of the inputs and initializers; None: the inputs unchanged.
        dropout: dropout of the vector's values in training.

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
