"""What an epoch of the notebook's model costs here and elsewhere, and beside its matrix products.

MNIST, 60,000 training and 10,000 validation images, by the programs of `contenders.py`: each is a
process, in an environment of its own where its backend needs one (.venv-torch, .venv-tensorflow;
one that is not there is left out, and the section says so), and runs an epoch in its turn, in each
round beginning with another one. Ratios are medians over the rounds. Writes its section of
docs/performance.md.

    CONDVAE_DATA=DIR python benchmarks/epoch.py [--rounds 12]
"""

import argparse
import os
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from floor import machine
from sections import write_section

ROOT = Path(__file__).parents[1]
# (what it is called, its name in contenders.py, Keras's backend)
CONTENDERS = (
    ("condvae.train", "condvae", "jax"),
    ("Keras fit, JAX", "keras", "jax"),
    ("Keras fit, TensorFlow", "keras", "tensorflow"),
    ("Keras fit, PyTorch", "keras", "torch"),
    ("PyTorch, eager", "torch", "torch"),
    ("PyTorch, torch.compile", "compiled", "torch"),
    ("a hand-written JAX scan", "scan", "jax"),
    ("the matrix products alone", "products", "jax"),
)
ENVIRONMENTS = {"torch": ROOT / ".venv-torch", "tensorflow": ROOT / ".venv-tensorflow"}


class Contender:
    """A process that runs an epoch when it is asked to; ends with the context."""

    def __init__(self, name: str, backend: str, python: Path):
        self.process = subprocess.Popen(
            [str(python), "-P", str(ROOT / "benchmarks" / "contenders.py"), name],
            env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self.read() != "ready":
            raise SystemExit(f"{name} on {backend} ended with {self.process.wait()}")

    def read(self) -> str:
        """Its next line."""
        return self.process.stdout.readline().strip() if self.process.stdout else ""

    def epoch(self) -> float:
        """Seconds of an epoch."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.read())

    def __enter__(self) -> "Contender":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


def main() -> None:
    """Run the contenders in turn and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {}
    absent = []
    with ExitStack() as stack:
        running = []
        for title, name, backend in CONTENDERS:
            folder = ENVIRONMENTS.get(backend)
            python = folder / "bin" / "python" if folder else Path(sys.executable)
            if python.exists():
                running.append((title, stack.enter_context(Contender(name, backend, python))))
                print(title, "is ready", flush=True)
            else:
                absent.append(title)
        for turn in range(arguments.rounds):
            first = turn % len(running)
            for title, contender in [*running[first:], *running[:first]]:
                seconds.setdefault(title, []).append(contender.epoch())
    write_section("An epoch", report(seconds, absent))


def report(seconds: dict[str, list[float]], absent: list[str]) -> list[str]:
    """The section."""

    def ratio(of: str, to: str) -> float:
        return statistics.median(a / b for a, b in zip(seconds[of], seconds[to], strict=True))

    ours, products = CONTENDERS[0][0], CONTENDERS[-1][0]
    others = [title for title in seconds if title not in (ours, products)]
    fastest = min(others, key=lambda title: statistics.median(seconds[title]))
    return [
        "By `benchmarks/epoch.py`: the notebook's networks, 60,000 MNIST images in batches of 250",
        "and the validation of 10,000, each contender a process that runs an epoch in its turn.",
        "",
        "| | seconds, median (range) | condvae takes | share of the product rate |",
        "|---|---|---|---|",
        *(
            f"| {title} | {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f}) "
            f"| {ratio(ours, title):.2f} | {ratio(products, title):.0%} |"
            for title, values in seconds.items()
        ),
        "",
        f"The fastest other is {fastest}: condvae takes {ratio(ours, fastest):.2f} of its time",
        f"(asked: <= 1.05), at {ratio(products, ours):.0%} of the float32 product rate at the",
        f"model's shapes (asked: >= 65 %). Ratios are medians of {len(seconds[ours])} rounds.",
        "condvae's epoch includes history.csv, the best weights, checkpoints and the progress bar.",
        "",
        f"Machine: {machine()}.",
        *([f"Not measured, not installed: {', '.join(absent)}."] if absent else []),
    ]


if __name__ == "__main__":
    main()
