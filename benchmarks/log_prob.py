"""Speed of `TrainedModel.log_prob`, beside plain matrix products, and its memory.

MNIST's test images under a preset's networks, K draws of z each, importance sampling. The rate is
that of the decoder's matrix products alone, 2 × rows × inputs × outputs operations for each of its
layers, over all the time that log_prob takes: noise, encoder, densities, sums. Beside it fp32
products of these shapes, compiled by JAX, of as many rows as log_prob decodes at once: the one and
the other in turn, so that other work on the machine slows both. The networks are untrained: the
operations are the same. Peak memory is the process's, after more and more draws.

    CONDVAE_DATA=DIR python benchmarks/log_prob.py [--images 1000] [--preset notebook]
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import numpy as np

import condvae
from condvae.inference.trained import TrainedModel
from condvae.training.beginning import prepare_model

K = 1_000
IMAGES_AT_ONCE = 200  # between two looks at the products' rate
ROWS = 1_000  # what log_prob decodes in one call: 25 draws for each of 40 images
PRODUCTS = 40  # calls for a look at their rate
MEMORY_AT = (100, 1_000, 5_000)
PAGE = Path("docs/log_prob.md")


def main() -> None:
    """Measure memory, then speed; write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1_000)
    parser.add_argument("--preset", default="notebook")
    arguments = parser.parse_args()
    data = condvae.load_data("mnist")
    model = TrainedModel(prepare_model(data, condvae.preset(arguments.preset)), data.condition)
    x, y = data.test.x[: arguments.images], data.test.y[: arguments.images]
    few = x[:IMAGES_AT_ONCE], y[:IMAGES_AT_ONCE]
    memory = {k: peak_memory(partial(model.log_prob, *few, num_samples=k)) for k in MEMORY_AT}
    layers = [w.shape for w in model.keras_model.decoder.weights if len(w.shape) == 2]
    operations = 2 * sum(inputs * outputs for inputs, outputs in layers)
    multiply = make_products(layers)

    def products_rate() -> np.ndarray:
        return rate(multiply, PRODUCTS * ROWS * operations)

    rates, of_products = [], [products_rate()]
    for first in range(0, len(x), IMAGES_AT_ONCE):
        part = x[first : first + IMAGES_AT_ONCE], y[first : first + IMAGES_AT_ONCE]
        work = partial(model.log_prob, *part, num_samples=K)
        rates.append(rate(work, len(part[0]) * K * operations))
        of_products.append(products_rate())
    text = report(arguments.preset, layers, len(x), rates, of_products, memory)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


def peak_memory(work: Callable[[], object]) -> int:
    """The process's greatest memory so far, MiB, once the work is done."""
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def make_products(layers: list[tuple[int, int]]) -> Callable[[], None]:
    """PRODUCTS calls of the layers' products, of as many rows as log_prob decodes at once."""
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> jax.Array:
        return jax.numpy.asarray(rng.standard_normal(shape, dtype="float32"))

    pairs = [(draw(ROWS, inputs), draw(inputs, outputs)) for inputs, outputs in layers]
    products = jax.jit(lambda pairs: [rows @ kernel for rows, kernel in pairs])
    products(pairs)

    def multiply() -> None:
        for _ in range(PRODUCTS):
            jax.block_until_ready(products(pairs))

    return multiply


def rate(work: Callable[[], object], operations: int) -> np.ndarray:
    """10^9 operations a second of the clock, and a second of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    seconds = [time.perf_counter() - clock, time.process_time() - processor]
    return operations / np.array(seconds) / 1e9


def report(
    preset: str,
    layers: list[tuple[int, int]],
    num_images: int,
    rates: list[np.ndarray],
    of_products: list[np.ndarray],
    memory: dict[int, int],
) -> str:
    """docs/log_prob.md."""
    ours, beside = np.array(rates), np.array(of_products)
    beside = (beside[1:] + beside[:-1]) / 2
    rows = []
    for column, name in enumerate(("the clock", "the processor")):
        figures = [np.median(a[:, column]) for a in (ours, beside, ours / beside)]
        rows.append(f"| {name} | {figures[0]:.0f} | {figures[1]:.0f} | {figures[2]:.0%} |")
    shapes = ", ".join(f"{inputs} to {outputs}" for inputs, outputs in layers)
    return (
        "\n".join(
            [
                "# The speed of log_prob",
                "",
                "Written by `benchmarks/log_prob.py`, whose docstring has the protocol. Preset",
                f"`{preset}`, {num_images:,} test images of MNIST, K = {K:,}; products of {ROWS:,}",
                f"rows, {shapes}. 10^9 operations a second, medians of {len(rates)} rounds:",
                "",
                "| a second of | log_prob | products alone | share |",
                "|---|---|---|---|",
                *rows,
                "",
                "Target: 50 %. On two cores one second of wall time can be two of processor time.",
                f"Peak memory for {IMAGES_AT_ONCE} images, by the number of draws: "
                + ", ".join(f"{size:,} MiB (K = {k:,})" for k, size in memory.items())
                + ".",
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
