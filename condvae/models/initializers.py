"""Initial values of the kernels, with one initialiser per layer."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from condvae.checks import InputError
from condvae.models.threefry import symmetric_uniform

FLOAT_BYTES = 4
SPREAD = 1.5  # of 0.5 to 3, the best by validation images of MNIST, two latents, six epochs


@keras.saving.register_keras_serializable("condvae")
class GlorotUniform(keras.initializers.GlorotUniform):
    """Keras's values under JAX, for every backend, without compiling a program for each shape."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """A kernel of the shape (*spatial axes of a convolution, inputs, outputs)."""
        if keras.backend.standardize_dtype(dtype) != "float32" or len(shape) < 2:
            return super().__call__(shape, dtype)
        # fan in + fan out; the spatial size of a convolution's kernel counts in both
        fans = math.prod(shape[:-2]) * (shape[-2] + shape[-1])
        return symmetric_uniform(self.seed, shape, math.sqrt(3 * (1 / max(1.0, fans / 2))))


def glorot_uniform(seed: int) -> Iterator[keras.initializers.Initializer]:
    """Endless Glorot initialisers, determined by a seed; global generators are not used."""
    generator = np.random.default_rng(seed)
    while True:
        yield GlorotUniform(int(generator.integers(2**31)))


def spread_first(
    initializers: Iterator[keras.initializers.Initializer],
) -> Iterator[keras.initializers.Initializer]:
    """`glorot_uniform`, but with the first layer's kernel drawn from N(0, SPREAD^2).

    For a network with few inputs of unit size, such as z and y for a decoder: Glorot's initial
    values, scaled for as many inputs as outputs, would leave the hidden units nearly linear in z,
    so that the places of their kinks have to be learned.
    """
    # drawn from the same sequence, so that all later layers keep their seeds
    yield in_place_of(next(initializers), partial(keras.initializers.RandomNormal, 0.0, SPREAD))
    yield from initializers


def in_place_of(
    initializer: keras.initializers.Initializer,
    replacement: Callable[[int], keras.initializers.Initializer],
) -> keras.initializers.Initializer:
    """A replacement initialiser with the same seed; a `ZerosWithin`, for a file, is kept."""
    if isinstance(initializer, ZerosWithin):
        return initializer
    return replacement(getattr(initializer, "seed", 0))


@keras.saving.register_keras_serializable("condvae")
class ZerosWithin(keras.initializers.Initializer):
    """Zeros for kernels that a file will replace, up to the number of bytes in the file.

    Args:
        num_bytes: total size of all kernels; None: unlimited.
    """

    def __init__(self, num_bytes: int | None = None):
        self.bytes_left = math.inf if num_bytes is None else num_bytes

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """An array of zeros.

        Raises:
            InputError: the kernels exceed the size of the file; nothing is allocated.
        """
        self.bytes_left -= FLOAT_BYTES * math.prod(shape)
        if self.bytes_left < 0:
            raise InputError(
                "the weights must be as large as the run's spec says",
                f"too few bytes for a kernel of shape {tuple(shape)}",
                "Use the weights that belong to this run.json.",
            )
        return np.zeros(shape, dtype)

    def get_config(self) -> dict[str, Any]:
        """No arguments, since the limit belongs to one file."""
        return {}
