"""What computes the weights of `condvae score` faster: JAX's program, or NumPy by the run's graphs.

Importance weights of pairs of an image, 28 × 28, and a label, 25 draws of z each, by a decoder of
512 hidden units under a Bernoulli likelihood, in float32 on one thread. Both in turn, least
processor time of several rounds. NumPy's log-density is written as briefly as NumPy takes it.

    python benchmarks/score_engines.py [--rounds 7]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
from threadpoolctl import threadpool_limits

import condvae
from condvae.models.inference import FUNCTIONS, CompiledFunction
from condvae.runs.engines import graph_engine_of

PAIRS, DRAWS = 192, 25


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (2_000, 28, 28), dtype="uint8")
    data = condvae.Dataset.from_arrays(x, np.arange(2_000) % 10)
    settings = {"preset": "plane", "hidden_dims": (512,), "epochs": 1, "progress": False}
    run = condvae.train(data, run=Path(tempfile.mkdtemp()) / "run", **settings)
    engine, model = graph_engine_of(run), run.by_keras.keras_model
    program = CompiledFunction(FUNCTIONS["importance_log_weights"], model, PAIRS)
    x, y = x[:PAIRS, ..., None], np.eye(10, dtype="float32")[rng.integers(0, 10, PAIRS)]
    noise = np.broadcast_to(rng.standard_normal((DRAWS, 2), "float32"), (PAIRS, DRAWS, 2))

    def by_numpy() -> np.ndarray:
        found = engine.run("encode", {"x": x, "y": y})
        mean, logvar = found["mean"][:, None], found["logvar"][:, None]
        z = mean + np.exp(logvar / 2) * noise
        rows = {"z": z.reshape(-1, 2), "y": np.repeat(y, DRAWS, axis=0)}
        logits = engine.run("draw_pixels", rows)["x_params"].reshape(PAIRS, DRAWS, -1)
        levels = (x.reshape(PAIRS, -1) / np.float32(255))[..., None]
        softplus = np.maximum(logits, 0) + np.log(1 + np.exp(-np.abs(logits)))
        log_x = (logits @ levels)[..., 0] - softplus.sum(axis=-1)
        return log_x + ((noise**2 - z**2 + logvar) / 2).sum(axis=-1)

    def by_jax() -> np.ndarray:
        return program.run({"x": x, "y": y, "noise": noise})["log_weights"]

    with threadpool_limits(1):
        print("greatest difference, nats:", abs(by_numpy() - by_jax()).max())
        for name, work in (("NumPy", by_numpy), ("JAX", by_jax)):
            times = []
            for _ in range(rounds):
                start = time.process_time()
                work()
                times.append(time.process_time() - start)
            rate = PAIRS * DRAWS / min(times)
            print(f"{name}: {min(times) * 1e3:.0f} ms a call, {rate:,.0f} draws a processor second")


if __name__ == "__main__":
    main()
