"""Models trained together against the same models in turn, whole sweeps and steps alone.

1. Whole: `condvae.sweep` of eight seeds on the embedded digits (1,294 training images of 8 × 8, two
   hidden layers of 64, batch 64), together and in turn, compilation included.
2. Steps: eight steps of single models, one after another, against one step of eight, without
   compilation and dispatch of the host, on random images of 28 × 28: hidden layers of 64 and 512
   units, batch 125. Both as loops in one compiled call.

Contenders in turn, medians. Writes docs/ensemble.md.

    python benchmarks/ensemble.py [--models 8] [--pairs 5] [--sweeps 2] [--epochs 20]
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import numpy as np

import condvae
from condvae.training.beginning import prepare_model
from condvae.training.ensemble import read_state
from condvae.training.fused import looped

PAGE = Path(__file__).parents[1] / "docs" / "ensemble.md"
STEPS, BATCH = 16, 125


def sweep_seconds(models: int, epochs: int, together: bool) -> float:
    """A whole sweep of seeds on the digits."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        condvae.sweep(
            "digits",
            seeds=models,
            preset="small",
            hidden_dims=(64, 64),
            epochs=epochs,
            out_dir=Path(folder) / "sweep",
            together=together,
            progress=False,
        )
        return time.perf_counter() - started


def contenders(models: int, units: int) -> dict[str, Callable[[], object]]:
    """Steps of all models in turn, and together; milliseconds of a step of all come of both."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (600, 28, 28), dtype="uint8")
    data = condvae.Dataset.from_arrays(x, rng.integers(0, 10, 600))
    spec = condvae.preset("plane").override(hidden_dims=(units,), batch_size=BATCH)
    spec = spec.override(likelihood="bernoulli")
    singles = [prepare_model(data, spec.override(seed=seed)) for seed in range(models)]
    model = singles[0]

    def step(state, batch):
        return model.train_step(state, (batch,))

    states = [jax.tree.map(jax.numpy.asarray, read_state(single)) for single in singles]
    stacked = jax.tree.map(lambda *values: jax.numpy.stack(values), *states)
    arrays = jax.device_put({"x": data.train.x, "y": data.train.given})
    rows = rng.integers(0, len(data.train.x), (STEPS, models, BATCH)).astype("int32")
    one = jax.jit(looped(step))
    many = jax.jit(looped(jax.vmap(step)))
    return {
        "in turn": lambda: jax.block_until_ready(
            [one(state, arrays, rows[:, n], 0, STEPS) for n, state in enumerate(states)]
        ),
        "together": lambda: jax.block_until_ready(many(stacked, arrays, rows, 0, STEPS)),
    }


def medians(found: dict[str, Callable[[], object]], pairs: int) -> dict[str, float]:
    """Milliseconds of a step of all models; the first call compiles and is left out."""
    seconds: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(pairs + 1):
        for name, run in found.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(v[1:]) / STEPS * 1e3 for name, v in seconds.items()}


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--sweeps", type=int, default=2, help="of each kind; 0: steps alone")
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    models, lines = arguments.models, []
    for units in (64, 512):
        found = medians(contenders(models, units), arguments.pairs)
        name = f"a step of {models}, 784-{units}-2-{units}-784, ms"
        lines.append(line(name, found["in turn"], found["together"]))
        print(lines[-1], flush=True)
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(arguments.sweeps):
        for together, values in seconds.items():
            values.append(sweep_seconds(models, arguments.epochs, together))
    if arguments.sweeps:
        name = f"a sweep of {models} on digits, {arguments.epochs} epochs, s"
        lines.append(line(name, *(statistics.median(values) for values in seconds.values())))
        print(lines[-1])
    device = jax.devices()[0]
    machine = f"{os.cpu_count()} cores ({platform.machine()}), shared with other work"
    PAGE.write_text(page(lines, machine if device.platform == "cpu" else device.device_kind))


def line(name: str, in_turn: float, together: float) -> str:
    """A row of the table."""
    return f"| {name} | {in_turn:.1f} | {together:.1f} | {together / in_turn:.2f} |"


def page(lines: list[str], machine: str) -> str:
    """The page."""
    return "\n".join(
        [
            "# Many models as one program",
            "",
            "Written by `benchmarks/ensemble.py`, whose docstring has the protocol. Medians of",
            "interleaved runs; the ratio is what counts.",
            "",
            "| | in turn | together | together / in turn |",
            "|---|---|---|---|",
            *lines,
            "",
            f"Machine: {machine}.",
            *(["On a GPU: not measured."] if "cores" in machine else []),
            *([] if any("sweep" in row for row in lines) else ["Whole sweeps: not measured."]),
            "",
            "`condvae sweep` trains together on a GPU always, on a processor where no hidden layer",
            "has more than 128 units and nothing is convolutional: `--together` and",
            "`--no-together` say otherwise.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
