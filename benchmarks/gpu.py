"""What is asked of a GPU: fused epochs, time to 131.2 nats, many seeds together, log_prob.

MNIST; preset `notebook` for epochs (60,000 images with the validation of 10,000) and log_prob,
`plane` for the time to 131.2. Epochs are those of `condvae.train`'s history, its files included;
the first, which compiles, is left out. Writes its section of docs/performance.md, on a machine
without a GPU only that nothing was measured.

    CONDVAE_DATA=DIR python benchmarks/gpu.py [--epochs 12]
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
from ensemble import contenders, medians
from sections import write_section

import condvae
from condvae.evaluation import bound_of

TARGET = 131.2
NUM_SAMPLES = 5_000
ASKED = {
    "an epoch, fused, ms": "<= 20",
    "the same, one dispatch a step, times as long": ">= 15",
    f"time to {TARGET} nats after compilation, s": "<= 1",
    "8 seeds together, times one alone": "<= 2",
    "64 seeds together, times 8 in turn": "<= 1",
    f"log_prob, K = {NUM_SAMPLES:,}, 10,000 images, s": "<= 5",
}


def trained(data: condvae.Dataset, folder: Path, **settings: Any) -> condvae.Run:
    """A run whose history has the seconds of each epoch."""
    return condvae.train(data, run=folder, progress=False, **settings)


def measure(folder: Path, epochs: int) -> list[float | str]:
    """The figures, in the order of ASKED."""
    data = condvae.load_data("mnist", validation="test")
    seconds = {}
    for fused in (True, False):
        settings = {"preset": "notebook", "epochs": epochs, "fused": fused}
        run = trained(data, folder / f"fused-{fused}", **settings)
        seconds[fused] = statistics.median(run.history["seconds"][1:])
    held_out = condvae.load_data("mnist")
    plane = trained(held_out, folder / "plane", preset="plane")
    steady = plane.history["seconds"][1:]
    bound = -bound_of(plane, held_out).elbo
    reached = len(plane.history["seconds"]) * statistics.median(steady)
    eight, many = (medians(contenders(models, 512), pairs=5) for models in (8, 64))
    test = data.test
    run.model.log_prob(test.x[:100], test.y[:100], NUM_SAMPLES)  # compiles
    started = time.perf_counter()
    run.model.log_prob(test.x, test.y, NUM_SAMPLES)
    return [
        1e3 * seconds[True],
        seconds[False] / seconds[True],
        reached if bound <= TARGET else f"not reached: {bound:.2f}",
        eight["together"] / (eight["in turn"] / 8),
        many["together"] / eight["in turn"],
        time.perf_counter() - started,
    ]


def main() -> None:
    """Measure where there is a GPU, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--anyway", action="store_true", help="print the figures of this processor")
    arguments = parser.parse_args()
    device = jax.devices()[0]
    found: list[float | str] = ["not measured"] * len(ASKED)
    if device.platform == "gpu" or arguments.anyway:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(Path(folder), arguments.epochs)
    shown = [figure if isinstance(figure, str) else f"{figure:.2f}" for figure in found]
    lines = [
        "By `benchmarks/gpu.py`.",
        "",
        "| | asked | found |",
        "|---|---|---|",
        *(f"| {name} | {ASKED[name]} | {text} |" for name, text in zip(ASKED, shown, strict=True)),
        "",
        f"Machine: {device.device_kind}.",
    ]
    if device.platform == "gpu" or not arguments.anyway:
        write_section("On a GPU", lines)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
