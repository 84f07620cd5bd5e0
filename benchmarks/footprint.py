"""Start-up time of the commands that train nothing, and peak memory of an MNIST training.

Writes its section of docs/performance.md.

    CONDVAE_DATA=DIR python benchmarks/footprint.py
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from floor import machine
from sections import write_section

ROUNDS = 15
CONDVAE = Path(sys.executable).with_name("condvae")


def seconds(command: list[str]) -> float:
    """Wall time of a process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure both and write the section."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "condvae --help": [str(CONDVAE), "--help"],
        "condvae presets": [str(CONDVAE), "presets"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            times[name].append(seconds(command))
    with tempfile.TemporaryDirectory() as folder:
        run = ["--run", f"{folder}/run", "--preset", "notebook", "--epochs", "2"]
        subprocess.run([str(CONDVAE), "train", "mnist", *run], check=True, capture_output=True)
    # the greatest of all that ran, and nothing else comes near a training
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    write_section(
        "Start-up and memory",
        [
            f"By `benchmarks/footprint.py`: seconds of a process, medians of {ROUNDS} in",
            "turn (asked of commands that train nothing: <= 0.3).",
            "",
            "| command | seconds |",
            "|---|---|",
            *(f"| `{name}` | {statistics.median(values):.3f} |" for name, values in times.items()),
            "",
            "Peak memory of `condvae train mnist --preset notebook`, resident:",
            f"{peak / 1e9:.2f} GB (asked: <= 1.0).",
            "",
            f"Machine: {machine()}.",
        ],
    )


if __name__ == "__main__":
    main()
