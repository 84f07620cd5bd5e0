"""Threefry in NumPy: the random numbers of Keras under JAX, without compiling for each shape.

Implemented here because no library without JAX has it; NumPy's Philox is another generator. JAX
compiles a program for each shape: building `plane` in a new process takes 0.42 s with this and 0.75
    s
with Keras's own initialiser. Under PyTorch, the same seed gives the same initial weights.

Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3": Threefry-2x32 of 20 rounds, each
number computed from its position, as in `jax.random` with `jax_threefry_partitionable`, its
default.
"""

import math
from collections.abc import Sequence

import numpy as np

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA


def random_bits(seed: int, size: int) -> np.ndarray:
    """(size,) uint32.

    Args:
        seed: from 0 to 2^32 - 1; the key is (seed, 0), as Keras makes it.
        size: at most 2^32.
    """
    # the key schedule: its third word is the parity of the others
    keys = seed, 0, seed ^ PARITY
    # counters (0, position) plus the first two keys; the second key is 0
    first, second = np.full(size, keys[0], "uint32"), np.arange(size, dtype="uint32")
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            first += second
            # rotate left
            second = (second << np.uint32(rotation)) | (second >> np.uint32(32 - rotation))
            second ^= first
        # a key is injected after every four rounds
        first += np.uint32(keys[(group + 1) % 3])
        second += np.uint32((keys[(group + 2) % 3] + group + 1) % 2**32)
    return first ^ second


def symmetric_uniform(seed: int, shape: Sequence[int], limit: float) -> np.ndarray:
    """float32 in [-limit, limit), bitwise equal to jax.random.uniform on a CPU."""
    bits = random_bits(seed, math.prod(shape))
    # 23 random bits as the mantissa of a float with exponent 0: in [1, 2)
    unit = ((bits >> np.uint32(9)) | np.uint32(0x3F800000)).view("float32") - np.float32(1)
    low, high = np.float32(-limit), np.float32(limit)
    # rounded once, as in a fused multiply-add
    return (unit.astype("float64") * (high - low) + low).astype("float32").reshape(shape)
