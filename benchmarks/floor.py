"""What the machine can do: matrix products and memory, measured beside what is compared with it."""

import os
import platform
import time
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

Product = tuple[int, int, int]  # (rows, inputs) @ (inputs, outputs)


def seconds_of(work: Callable[[], object], least: float = 0.0) -> float:
    """Wall time of a call: the mean of as many in a row as take so many seconds."""
    started, calls = time.perf_counter(), 0
    while not calls or time.perf_counter() - started < least:
        work()
        calls += 1
    return (time.perf_counter() - started) / calls


def operations(shapes: Sequence[Product]) -> int:
    """Floating-point operations: a multiplication and an addition each."""
    return sum(2 * rows * inputs * outputs for rows, inputs, outputs in shapes)


def products(shapes: Sequence[Product]) -> Callable[[], object]:
    """The products alone, float32, in one function compiled by JAX; a call waits for them."""
    rng = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> jax.Array:
        return jnp.asarray(rng.standard_normal((rows, columns), dtype="float32"))

    pairs = [(matrix(m, k), matrix(k, n)) for m, k, n in shapes]
    compiled = jax.jit(lambda pairs: [a @ b for a, b in pairs])
    jax.block_until_ready(compiled(pairs))
    return lambda: jax.block_until_ready(compiled(pairs))


def copying(num_bytes: int = 2**28) -> Callable[[], object]:
    """Reads so many bytes and writes as many."""
    array = jnp.zeros(num_bytes // 4, "float32")
    compiled = jax.jit(lambda array: array + 1)
    jax.block_until_ready(compiled(array))
    return lambda: jax.block_until_ready(compiled(array))


def dense_products(sizes: Sequence[tuple[int, int]], batch: int, training: bool) -> list[Product]:
    """Of dense layers (inputs, outputs) for a batch; in training those of the gradients too.

    The layers that see the data need no gradient of their input: of the first one it is left out.
    """
    forward = [(batch, inputs, outputs) for inputs, outputs in sizes]
    if not training:
        return forward
    kernels = [(inputs, batch, outputs) for inputs, outputs in sizes]
    values = [(batch, outputs, inputs) for inputs, outputs in sizes[1:]]
    return [*forward, *kernels, *values]


def machine() -> str:
    """Where it was measured, and beside how much other work."""
    load = os.getloadavg()[1]
    return f"{os.cpu_count()} cores ({platform.machine()}), load average {load:.1f}"
