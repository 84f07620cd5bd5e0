"""Step times of dense and convolutional networks, by backend and precision, on this processor.

Images of 28 × 28, batches of 250, Keras's `fit` of condvae's model on random images: the same
steps on each backend, in float32 and mixed bfloat16. Each backend is a process in an
environment of its own (.venv, .venv-torch, .venv-tensorflow; one that is not there is left out),
the processes in turn. The floor is the float32 matrix products of the dense networks alone,
compiled by JAX. Writes its section of docs/performance.md.

    python benchmarks/precision.py [--rounds 3]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # run with -P: PyTorch imports another profile.py

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = {"jax": ".venv", "torch": ".venv-torch", "tensorflow": ".venv-tensorflow"}
PRECISIONS = ("float32", "mixed_bfloat16")  # float16 takes a processor minutes for a few steps
MODELS = {
    "notebook (784-512-2)": {"hidden_dims": (512,), "latent_dim": 2},
    "dense (784-512-512-64)": {"hidden_dims": (512, 512), "latent_dim": 64, "activation": "silu"},
    "convolutional (16, 32 channels)": {
        "architecture": "convolutional",
        "hidden_dims": (16, 32),
        "latent_dim": 16,
    },
}
# of the dense ones, (inputs, outputs) of each layer
LAYERS = {
    "notebook (784-512-2)": ((794, 512), (512, 4), (12, 512), (512, 784)),
    "dense (784-512-512-64)": (
        (794, 512),
        (512, 512),
        (512, 128),
        (74, 512),
        (512, 512),
        (512, 784),
    ),
}
BATCH, STEPS = 250, 8


def measure() -> None:
    """In a backend's process: print {model: {precision: [seconds a step]}}."""
    import keras
    import numpy as np

    import condvae
    from condvae.models import build_model, build_optimizer
    from condvae.spec import Signature
    from condvae.training.feed import Feed

    backend = keras.backend.backend()
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (BATCH * STEPS, 28, 28, 1), dtype="uint8")
    feed = Feed(x, (np.arange(len(x)) % 10).astype("int32"), BATCH, seed=0)
    found: dict[str, dict[str, float]] = {name: {} for name in MODELS}
    for name, settings in MODELS.items():
        for precision in PRECISIONS:
            keras.config.set_dtype_policy(precision)
            spec = condvae.Spec().override(**settings)
            model = build_model(spec, Signature((28, 28, 1), (10,)))
            model.compile(optimizer=build_optimizer(spec, 1_000))
            seconds = []
            for _ in range(4):  # the first compiles
                started = time.perf_counter()
                keras.Model.fit(model, feed, shuffle=False, verbose=0)
                seconds.append((time.perf_counter() - started) / STEPS)
            found[name][precision] = statistics.median(seconds[1:])
        if backend == "jax" and name in LAYERS:
            from floor import dense_products, products, seconds_of

            work = products(dense_products(LAYERS[name], BATCH, training=True))
            found[name]["floor"] = seconds_of(work, least=0.3)
    print(json.dumps(found))


def main() -> None:
    """Run the backends in turn and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", action="store_true", help="in this process, its backend")
    arguments = parser.parse_args()
    if arguments.measure:
        measure()
        return
    pythons = {name: ROOT / folder / "bin" / "python" for name, folder in ENVIRONMENTS.items()}
    pythons["jax"] = Path(sys.executable)
    rows: dict[tuple[str, str], list[dict[str, float]]] = {}
    for _ in range(arguments.rounds):
        for backend, python in pythons.items():
            if not python.exists():
                continue
            done = subprocess.run(
                [str(python), "-P", __file__, "--measure"],
                env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            for model, seconds in json.loads(done.stdout.splitlines()[-1]).items():
                rows.setdefault((model, backend), []).append(seconds)
                print(model, backend, seconds, flush=True)
    from sections import write_section

    absent = [name for name, python in pythons.items() if not python.exists()]
    write_section("Precision and backends", report(rows, absent))


def report(rows: dict[tuple[str, str], list[dict[str, float]]], absent: list[str]) -> list[str]:
    """The section."""
    from floor import machine

    lines = []
    for model in MODELS:
        for backend in ENVIRONMENTS:
            if (model, backend) not in rows:
                continue
            found = rows[model, backend]
            cells = [
                f"{1e3 * statistics.median(row[name] for row in found):.1f}"
                if name in found[0]
                else ""
                for name in (*PRECISIONS, "floor")
            ]
            lines.append(f"| {model} | {backend} | {' | '.join(cells)} |")
    return [
        "By `benchmarks/precision.py`: milliseconds of a training step of 250 images by Keras's",
        "`fit`, and of the float32 matrix products alone (floor, dense networks).",
        "",
        "| networks | backend | float32 | mixed bfloat16 | floor |",
        "|---|---|---|---|---|",
        *lines,
        "",
        f"Machine: {machine()}.",
        *([f"Not measured: {', '.join(absent)}, not installed."] if absent else []),
    ]


if __name__ == "__main__":
    main()
