"""Start-up time of the commands that train nothing, and peak memory of an MNIST training.

CONDVAE_DATA=DIR python benchmarks/footprint.py
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
CONDVAE = Path(sys.executable).with_name("condvae")


def seconds(command: list[str]) -> float:
    """Wall time of a process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print medians, in turn with an empty Python, and the peak memory."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "condvae --help": [str(CONDVAE), "--help"],
        "condvae presets": [str(CONDVAE), "presets"],
    }
    times = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            times[name].append(seconds(command))
    for name, values in times.items():
        print(f"{name:<16} {statistics.median(values):.3f} s (asked of condvae: <= 0.3)")
    with tempfile.TemporaryDirectory() as folder:
        run = ["--run", f"{folder}/run", "--preset", "notebook", "--epochs", "2"]
        subprocess.run([str(CONDVAE), "train", "mnist", *run], check=True, capture_output=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"train mnist      {peak / 1e9:.2f} GB peak (asked: <= 1.5)")


if __name__ == "__main__":
    main()
