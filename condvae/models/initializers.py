"""First values of the kernels, one initialiser for each layer."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from condvae.checks import InputError
from condvae.models.threefry import symmetric_uniform

FLOAT_BYTES = 4
SPREAD = 1.5  # of 0.5 to 3 the best by validation images of MNIST, two latents, six epochs


@keras.saving.register_keras_serializable("condvae")
class GlorotUniform(keras.initializers.GlorotUniform):
    """Keras's numbers under JAX, on every backend and without a program compiled for each shape."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """A kernel of the shape (*places of a convolution, inputs, outputs)."""
        if keras.backend.standardize_dtype(dtype) != "float32" or len(shape) < 2:
            return super().__call__(shape, dtype)
        # fan in + fan out; the places of a convolution's kernel count in both
        fans = math.prod(shape[:-2]) * (shape[-2] + shape[-1])
        return symmetric_uniform(self.seed, shape, math.sqrt(3 * (1 / max(1.0, fans / 2))))


def glorot_uniform(seed: int) -> Iterator[keras.initializers.Initializer]:
    """Endless Glorot initialisers, fixed by a seed; the process's global generators stay alone."""
    generator = np.random.default_rng(seed)
    while True:
        yield GlorotUniform(int(generator.integers(2**31)))


def spread_first(
    initializers: Iterator[keras.initializers.Initializer],
) -> Iterator[keras.initializers.Initializer]:
    """The same, but the first layer's kernel from N(0, SPREAD^2).

    For a network that is fed few numbers of size one, as a decoder is z and y: Glorot's first
    layer, made for as many inputs as outputs, leaves its hidden units nearly linear in z, and the
    places where they bend have to be learned.
    """
    # drawn from the same sequence, so that all later layers keep their seeds
    yield in_place_of(next(initializers), partial(keras.initializers.RandomNormal, 0.0, SPREAD))
    yield from initializers


def in_place_of(
    initializer: keras.initializers.Initializer,
    replacement: Callable[[int], keras.initializers.Initializer],
) -> keras.initializers.Initializer:
    """What the replacement makes of its seed; but `ZerosWithin`, before a file, as it is."""
    if isinstance(initializer, ZerosWithin):
        return initializer
    return replacement(getattr(initializer, "seed", 0))


@keras.saving.register_keras_serializable("condvae")
class ZerosWithin(keras.initializers.Initializer):
    """Zeros for kernels that a file will replace, as long as the file could hold them.

    Args:
        num_bytes: what all kernels may take together; None: any number.
    """

    def __init__(self, num_bytes: int | None = None):
        self.bytes_left = math.inf if num_bytes is None else num_bytes

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The zeros.

        Raises:
            InputError: more than the file has; nothing is allocated.
        """
        self.bytes_left -= FLOAT_BYTES * math.prod(shape)
        if self.bytes_left < 0:
            raise InputError(
                "the weights must be as large as the run's spec says",
                f"too few bytes for a kernel of shape {tuple(shape)}",
                "Take the weights that belong to this run.json.",
            )
        return np.zeros(shape, dtype)

    def get_config(self) -> dict[str, Any]:
        """No arguments: the bound belongs to one file."""
        return {}
