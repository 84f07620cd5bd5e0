"""Where an epoch of the notebook's model goes, by ablation: stages that each add something.

60,000 and 10,000 images, preset `notebook`, batches of 250; measured on a quarter of them, all in
one process, the stages in turn: the matrix products alone; the loss and its gradient; the whole
step; the same steps in one compiled loop; steps on the batches that the feed makes; Keras's `fit`;
and `fit` with validation and the recorder. A part is the difference of two stages. Writes its
section of docs/performance.md.

    python benchmarks/profile.py [--rounds 9]
"""

import argparse
import itertools
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from contenders import LAYERS as NAMED_LAYERS
from contenders import condvae_fit
from floor import copying, dense_products, machine, operations, products, seconds_of
from sections import write_section
from steps import state_of, stepping

import condvae
from condvae.training.beginning import prepare_model
from condvae.training.fit import make_feeds

TRAIN, VALIDATION, SHARE = 15_000, 2_500, 4  # a quarter of an epoch
LAYERS = tuple(NAMED_LAYERS.values())
# numbers of a row between the products: x, with y, hidden, z, with y, hidden, logits, loss
ACTIVATIONS = 784 + 794 + 512 + 4 + 12 + 512 + 784 + 784
WEIGHTS = sum((inputs + 1) * outputs for inputs, outputs in LAYERS)
COPY_BYTES = 2**28


def stages(data: condvae.Dataset, folder: Path) -> dict[str, Callable[[], object]]:
    """A quarter of an epoch, by more and more of what happens in it."""
    spec = condvae.preset("notebook")
    batch_size, steps = spec.training.batch_size, TRAIN // spec.training.batch_size
    model, (feed, _) = prepare_model(data, spec), make_feeds(data, spec)
    first, run_steps = state_of(model), stepping(model)
    batch = jax.device_put(feed[0][0])

    def loss(trainable, others, optimizer, metrics, batch):
        return model.compute_loss_and_updates(
            trainable, others, metrics, batch, None, None, True, optimizer
        )

    gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))
    loop = jax.jit(
        lambda state, batch: jax.lax.fori_loop(
            0, steps, lambda _, state: model.train_step(state, (batch,))[1], state
        ),
        donate_argnums=0,
    )
    alone = products(dense_products(LAYERS, batch_size, training=True))

    def gradients() -> None:
        state = jax.device_put(first)
        for _ in range(steps):
            result = gradient(*state, batch)
        jax.block_until_ready(result)

    return {
        "products": lambda: [alone() for _ in range(steps)],
        "gradient": gradients,
        "loop": lambda: jax.block_until_ready(loop(jax.device_put(first), batch)),
        "step": lambda: run_steps(itertools.repeat(batch, steps)),
        "feed": lambda: run_steps(feed[index][0] for index in range(steps)),
        "fit": condvae_fit(data, folder, validated=False),
        "validation": condvae_fit(data, folder, validated=True),
    }


def main() -> None:
    """Run the stages in turn and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (TRAIN + VALIDATION, 28, 28), dtype="uint8")
    y = np.arange(len(x)) % 10
    test = x[TRAIN:], y[TRAIN:]
    spec = condvae.Spec().override(validation="test").data
    data = condvae.Dataset.from_arrays(x[:TRAIN], y[:TRAIN], test=test, spec=spec)
    with tempfile.TemporaryDirectory() as folder:
        works = stages(data, Path(folder))
        works["copy"] = copying(COPY_BYTES)
        found: dict[str, list[float]] = {name: [] for name in works}
        for turn in range(rounds + 1):
            for name, work in works.items():
                seconds = seconds_of(work)
                if turn:  # the first one compiles
                    found[name].append(seconds)
    write_section("Where the time goes", report(found))


def report(found: dict[str, list[float]]) -> list[str]:
    """The section, of a whole epoch."""

    def part(name: str, less: str | None = None) -> float:
        others = found[less] if less else [0.0] * len(found[name])
        return SHARE * statistics.median(a - b for a, b in zip(found[name], others, strict=True))

    rate = operations(dense_products(LAYERS, 250, training=True)) / 250 * TRAIN * SHARE
    rate /= part("products")
    bandwidth = 2 * COPY_BYTES / statistics.median(found["copy"])
    steps, rows = SHARE * TRAIN / 250, SHARE * TRAIN
    forward = operations(dense_products(LAYERS, 1, training=False)) * SHARE * VALIDATION
    floors = {
        "products": "itself",
        "elementwise": f"{rows * ACTIVATIONS * 4 * 4 / bandwidth:.3f} by bytes",
        "optimizer": f"{steps * WEIGHTS * 7 * 4 / bandwidth:.3f} by bytes",
        "dispatch": "0",
        "data": f"{rows * 784 * 4 / bandwidth:.3f} by bytes",
        "fit": "0",
        "validation": f"{forward / rate:.3f} by operations",
    }
    parts = {
        "products": part("products"),
        "elementwise": part("gradient", "products"),
        "optimizer": part("loop", "gradient"),
        "dispatch": part("step", "loop"),
        "data": part("feed", "step"),
        "fit": part("fit", "feed"),
        "validation": part("validation", "fit"),
    }
    names = {
        "products": "matrix products",
        "elementwise": "elementwise work of the loss and its gradient",
        "optimizer": "optimizer",
        "dispatch": "dispatch, step by step",
        "data": "batches: rows gathered and handed over",
        "fit": "Keras's `fit`",
        "validation": "validation, best weights, history",
    }
    whole = part("validation")
    return [
        "By `benchmarks/profile.py`: an epoch of the notebook's model (60,000 and 10,000 images),",
        "by differences of stages that were run in turn. Floors: operations over the rate of the",
        f"products ({rate / 1e9:.0f} GFLOP/s here), bytes over the memory's bandwidth",
        f"({bandwidth / 1e9:.1f} GB/s): every activation read and written once in each direction,",
        "Adam's seven arrays, each image read and written twice. A part below its floor by bytes",
        "was done in the caches.",
        "",
        "| part | seconds an epoch | share | floor, seconds |",
        "|---|---|---|---|",
        *(
            f"| {names[name]} | {seconds:.3f} | {seconds / whole:.0%} | {floors[name]} |"
            for name, seconds in parts.items()
        ),
        f"| an epoch | {whole:.3f} | products: {part('products') / whole:.0%} | |",
        "",
        f"Machine: {machine()}. A negative part is noise.",
    ]


if __name__ == "__main__":
    main()
