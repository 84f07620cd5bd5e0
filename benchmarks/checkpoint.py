"""What exact resume costs: checkpoints as a share of training, and loading a run.

1. MNIST, the presets `plane`, `notebook` and `wide` for some epochs: the time in `Journal.save`
   and `write_best` over the whole time of `condvae.train`, data in memory, in one process.
2. A checkpoint of the notebook's model, complete on disk: median of 20.
3. `condvae.load` against building the same networks in plain Keras: cold processes in turn, imports
   left out.

    CONDVAE_DATA=DIR python benchmarks/checkpoint.py [--epochs 10] [--pairs 9]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

PLAIN = """
import os; os.environ.setdefault("KERAS_BACKEND", "jax")
import time, keras
from keras import layers
import condvae.runs  # the same imports on both sides
started = time.perf_counter()
x, y = keras.Input((28, 28, 1)), keras.Input((10,))
hidden = layers.Concatenate()([layers.Flatten()(x), y])
hidden = layers.Dense(512, activation="relu", activity_regularizer="l2")(hidden)
encoder = keras.Model([x, y], [layers.Dense(2)(hidden), layers.Dense(2)(hidden)])
z, y = keras.Input((2,)), keras.Input((10,))
hidden = layers.Dense(512, activation="relu")(layers.Concatenate()([z, y]))
decoder = keras.Model([z, y], layers.Reshape((28, 28, 1))(layers.Dense(784)(hidden)))
print(time.perf_counter() - started)
"""
OURS = """
import sys, time, condvae.runs
started = time.perf_counter()
model = condvae.runs.load(sys.argv[1])
print(time.perf_counter() - started)
"""


def timed(journal_class: type, spent: list[float]) -> None:
    """Count the seconds in the methods that write."""
    for name in ("save", "write_best"):
        method = getattr(journal_class, name)

        def counting(self, *arguments, method=method):
            started, before = time.perf_counter(), sum(spent)
            method(self, *arguments)
            # save calls write_best: count that time once
            spent.append(time.perf_counter() - started - (sum(spent) - before))

        setattr(journal_class, name, counting)


def main() -> None:
    """Print each figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=9)
    arguments = parser.parse_args()

    import condvae
    from condvae.training.journal import Journal

    spent: list[float] = []
    save = Journal.save
    timed(Journal, spent)
    data = condvae.load_data("mnist")
    with tempfile.TemporaryDirectory() as folder:
        for preset in ("plane", "wide", "notebook"):
            spent.clear()
            started = time.perf_counter()
            path = Path(folder) / preset
            run = condvae.train(
                data, preset=preset, run=path, epochs=arguments.epochs, progress=False
            )
            whole = time.perf_counter() - started
            kept = len(list(run.checkpoints_path.iterdir()))
            print(
                f"{preset:<9} {100 * sum(spent) / whole:.2f} % of {whole:.1f} s in "
                f"{arguments.epochs} epochs went into checkpoints ({kept} kept; asked: <= 2 %)"
            )
        costs = one_checkpoint(data, Path(folder), save)
        print(
            f"a checkpoint of the notebook's model: {1e3 * statistics.median(costs):.0f} ms (from "
            f"{1e3 * min(costs):.0f} to {1e3 * max(costs):.0f}; asked: <= 100)"
        )
        ratios = loads(Path(folder) / "notebook", arguments.pairs)
        print(
            f"condvae.load / plain Keras: {statistics.median(ratios):.2f} (median of "
            f"{arguments.pairs} pairs, from {min(ratios):.2f} to {max(ratios):.2f}; asked: <= 1.2)"
        )


def one_checkpoint(data, folder: Path, save) -> list[float]:
    """Seconds for each of 20 checkpoints."""
    import condvae
    from condvae.runs import Run
    from condvae.training.beginning import new_record, prepare_model
    from condvae.training.journal import Journal

    spec = condvae.preset("notebook")
    run = Run(folder / "one", new_record(data, "notebook", spec))
    run.path.mkdir()
    journal, model = Journal(run), prepare_model(data, spec)
    costs = []
    for step in range(20):
        journal.state = journal.state.model_copy(update={"step": step})
        journal.keep_best(condvae.models.network_tensors(model))
        started = time.perf_counter()
        save(journal, model)
        costs.append(time.perf_counter() - started)
    return costs


def loads(run: Path, pairs: int) -> list[float]:
    """Ratios of cold processes."""

    def seconds(code: str) -> float:
        command = [sys.executable, "-c", code, str(run)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout)

    plain_and_ours = [(seconds(PLAIN), seconds(OURS)) for _ in range(pairs)]
    print("seconds, plain and ours:", *(f"{a:.2f} {b:.2f}" for a, b in plain_and_ours), sep="  ")
    return [ours / plain for plain, ours in plain_and_ours]


if __name__ == "__main__":
    main()
