"""Seconds of an epoch on one and several devices and processes, beside one another; prints a table.

A processor pretends to have several devices, which share its cores: what is shown is what sharing
out costs, not what several devices bring. Each contender trains `wide` on 10,000 MNIST images, in
turn in each round; of its epochs but the first, which compiles, the quickest counts.

    CONDVAE_DATA=DIR python benchmarks/devices.py [--rounds 3]
"""

import argparse
import csv
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

# (name, devices in each process, processes)
CONTENDERS = (("one device", 1, 1), ("two", 2, 1), ("four", 4, 1), ("one in two processes", 1, 2))
SETTINGS = "--preset wide --epochs 4 --patience 9 --batch-size {batch}"


def free_port() -> int:
    """One that the system has just had to spare."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def seconds(folder: Path, batch: int, devices: int, processes: int) -> float:
    """Of the quickest epoch after the first."""
    command = [sys.executable, "-m", "condvae", "train", str(folder / "images.npz")]
    command += SETTINGS.format(batch=batch).split()
    run = Path(tempfile.mkdtemp(dir=folder)) / "run"
    command += ["--run", str(run), *(["--devices", "all"] if devices > 1 else [])]
    environment = dict(os.environ)
    environment["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices}"
    if processes > 1:
        command.append("--distributed")
        environment["JAX_COORDINATOR_ADDRESS"] = f"127.0.0.1:{free_port()}"
        environment["JAX_NUM_PROCESSES"] = str(processes)
    started = [
        subprocess.Popen(command, env={**environment, "JAX_PROCESS_ID": str(place)})
        for place in range(processes)
    ]
    codes = [process.wait() for process in started]
    if any(codes):
        raise SystemExit("a training failed")
    with open(run / "history.csv", newline="") as file:
        return min(float(row["seconds"]) for row in [*csv.DictReader(file)][1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    from condvae.data import load_data

    train = load_data("mnist").train
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "images.npz", x=train.x[:10_000], y=train.y[:10_000])
        print("| batch | on | seconds, median (range) | times one device |\n|---|---|---|---|")
        for batch in (128, 126):  # what four devices divide, and what they do not
            taken: dict[str, list[float]] = {contender: [] for contender, *_ in CONTENDERS}
            for _ in range(rounds):
                for contender, devices, processes in CONTENDERS:
                    taken[contender].append(seconds(folder, batch, devices, processes))
            for contender, times in taken.items():
                ratios = [a / b for a, b in zip(times, taken["one device"], strict=True)]
                middle = f"{statistics.median(times):.2f} ({min(times):.2f} to {max(times):.2f})"
                print(f"| {batch} | {contender} | {middle} | {statistics.median(ratios):.2f} |")


if __name__ == "__main__":
    main()
