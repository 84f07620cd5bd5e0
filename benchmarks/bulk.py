"""A million rows in parts: processor time and memory of encode, generate and score.

A run on generated grey images; parts of as many rows each, in local processes and, where Ray is
installed, on a local cluster of it. Time is that of the processors, all processes together, so that
other work on the machine counts little; memory is the most that one process held. Prints Markdown.

    python benchmarks/bulk.py [--folder DIR] [--rows 1000000] [--side 8] [--hidden 64] [--ray]
        [--rounds 1]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

import condvae

PARTS = 8


def prepare(folder: Path, rows: int, side: int, hidden: int) -> None:
    """A trained run, and parts of images and of conditions."""
    rng = np.random.default_rng(0)
    if not (folder / "run").exists():
        x = rng.integers(0, 256, (2_000, side, side), dtype="uint8")
        data = condvae.Dataset.from_arrays(x, np.arange(2_000) % 10, condition_name="digit")
        settings = {"latent_dim": 2, "hidden_dims": (hidden,), "epochs": 1}
        condvae.train(data, preset="small", run=folder / "run", progress=False, **settings)
    for count in (rows // 16, rows):
        parts = folder / f"parts-{count}"
        parts.mkdir(exist_ok=True)
        for place in range(PARTS):
            size = count // PARTS
            x = rng.integers(0, 256, (size, side, side), dtype="uint8")
            y = rng.integers(0, 10, size)
            np.savez(parts / f"{place}.npz", x=x, y=y)
            (parts / f"{place}.csv").write_text("\n".join(["digit", *map(str, y)]) + "\n")


def measured(folder: Path, command: str) -> tuple[float, float, float]:
    """Seconds, processor seconds and the most MB of one process of a command."""
    begun, busy, most = time.perf_counter(), {}, 0
    with tempfile.TemporaryDirectory(dir=folder) as out:
        words = [sys.executable, "-m", "condvae", *command.split(), "--out", f"{out}/new"]
        process = subprocess.Popen(words, cwd=folder, start_new_session=True)
        while process.poll() is None:
            for number, (ticks, memory) in of_session(process.pid).items():
                busy[number], most = ticks, max(most, memory)
            time.sleep(0.1)
    if process.returncode:
        raise RuntimeError(command)
    ticks = sum(busy.values()) / os.sysconf("SC_CLK_TCK")
    return time.perf_counter() - begun, ticks, most / 1024


def of_session(session: int) -> dict[int, tuple[int, int]]:
    """Process -> ticks of the processors and the most KB so far, of the processes of a session.

    Neither is taken from rusage: it leaves out what Ray's processes did, whose parents do not wait
    for them, and its memory counts that of a process's parent, too.
    """
    found = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if os.getsid(int(entry.name)) == session:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                lines = (entry / "status").read_text().splitlines()
                memory = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
                found[int(entry.name)] = int(fields[11]) + int(fields[12]), max(memory, default=0)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--side", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--samples", type=int, default=50)
    parser.add_argument("--only", default="")
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--least", type=int, default=0, help="leave out fewer rows")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="condvae-bulk-"))
    folder.mkdir(parents=True, exist_ok=True)
    prepare(folder, asked.rows, asked.side, asked.hidden)
    places = ["--workers 2", *(["--ray local"] if asked.ray else [])]
    print("| command | rows | seconds | processor seconds | most MB of a process |")
    print("|---|---|---|---|---|")
    for verb, suffix, more in (
        ("encode", "npz", ""),
        ("generate", "csv", ""),
        ("score", "npz", f" --num-samples {asked.samples}"),
    ):
        for count in (asked.rows // 16, asked.rows):
            if asked.only not in verb or count < asked.least:
                continue
            found: dict[str, list[tuple[float, float, float]]] = {place: [] for place in places}
            for turn in range(asked.rounds):
                for place in places[:: -1 if turn % 2 else 1]:  # each begins as often
                    command = f"{verb} run parts-{count}/*.{suffix}{more} {place}"
                    found[place].append(measured(folder, command))
            for place, rounds in found.items():
                seconds, busy, most = (statistics.median(of) for of in zip(*rounds, strict=True))
                spread = f"{min(rounds)[0]:.0f} to {max(rounds)[0]:.0f}"
                named = f"`{verb}{more} {place}`"
                print(
                    f"| {named} | {count:,} | {seconds:.0f} ({spread}) | {busy:.0f} | {most:.0f} |",
                    flush=True,
                )
    print(f"load {os.getloadavg()[0]:.0f}, medians of {asked.rounds} rounds (range)")


if __name__ == "__main__":
    main()
