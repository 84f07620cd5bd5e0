"""`condvae generate` and `condvae encode` of up to a million images against the product floor.

The notebook's networks (784+10-512-2, 2+10-512-784) after one epoch on random images. Each command
is a process of its own that generates or encodes N digits and has them written to disk; the floor,
its matrix products alone as compiled float32, 1,000 rows at once, is measured before and after it.
Wall time, and, because other work takes its share of that, processor time. Writes its section of
docs/performance.md.

    python benchmarks/inference.py [--rounds 3] [--most 1000000]
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from floor import dense_products, machine, operations, products
from sections import write_section

import condvae

# what a parent has taken counts in a child's getrusage, but not in this
COMMAND = """
import sys
from condvae.cli import entry
code = entry()
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak.split()[1])
sys.exit(code)
"""
ENCODER, DECODER = ((794, 512), (512, 4)), ((12, 512), (512, 784))
BATCH = 1_000
SIZES = (10, 10_000, 100_000, 1_000_000)  # ten: what it takes to start


class Cost(NamedTuple):
    """What a process took.

    Attributes:
        seconds: wall time.
        processor: seconds, of all cores.
        peak: bytes of memory.
    """

    seconds: float
    processor: float
    peak: float = 0.0


def measured(arguments: list[str]) -> Cost:
    """A command in a process of its own."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", COMMAND, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    peak = 1024 * int(done.stdout.split()[-1])
    return Cost(time.perf_counter() - started, processor, peak)


def floor_of(work: Callable[[], object]) -> Cost:
    """Half a second of products, for one row."""
    before = time.process_time()
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < 0.5:
        work()
        calls += 1
    rows = calls * BATCH
    return Cost((time.perf_counter() - started) / rows, (time.process_time() - before) / rows)


def trained(folder: Path) -> None:
    """A run of the notebook's networks; what they have learned does not matter."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (2_000, 28, 28), dtype="uint8"), np.arange(2_000) % 10
    data = condvae.Dataset.from_arrays(x, y)
    condvae.train(data, preset="notebook", validation=0.1, epochs=1, run=folder, progress=False)


def main() -> None:
    """Run both commands in turn, size by size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    arguments = parser.parse_args()
    shapes = {
        "encode": dense_products(ENCODER, BATCH, training=False),
        "generate": dense_products(DECODER, BATCH, training=False),
    }
    floors = {name: products(those) for name, those in shapes.items()}
    found: dict[tuple[str, int], list[tuple[Cost, Cost]]] = {}
    sizes = [size for size in SIZES if size <= arguments.most]
    with tempfile.TemporaryDirectory() as scratch:
        run, digits = Path(scratch, "run"), Path(scratch, "digits.npz")
        trained(run)
        for _ in range(arguments.rounds):
            for size in sizes:
                commands = {
                    "generate": f"generate {run} --per-class {size // 10} --out {digits}",
                    "encode": f"encode {run} {digits} --out {scratch}/z.npz",
                }
                for name, command in commands.items():
                    before = floor_of(floors[name])
                    cost = measured([*command.split(), "--overwrite"])
                    pair = zip(before, floor_of(floors[name]), strict=True)
                    floor = Cost(*(sum(both) / 2 for both in pair))
                    found.setdefault((name, size), []).append((cost, floor))
                    print(
                        f"{name} {size:,}: {cost}, floor {floor.seconds * size:.2f} s", flush=True
                    )
    write_section("Inference", report(found, shapes))


def report(found: dict[tuple[str, int], list[tuple[Cost, Cost]]], shapes: dict) -> list[str]:
    """The section; what ten images take is what a process takes to start."""
    lines = []
    for (name, size), rounds in sorted(found.items()):
        if size == SIZES[0]:
            continue
        starts = [cost for cost, _ in found[name, SIZES[0]]]
        shares = []
        for place in (0, 1):  # wall time, processor time
            start = statistics.median(cost[place] for cost in starts)
            ratios = [size * floor[place] / (cost[place] - start) for cost, floor in rounds]
            shares.append(f"{statistics.median(ratios):.0%}")
        floor = statistics.median(floor.seconds for _, floor in rounds)
        seconds = statistics.median(cost.seconds for cost, _ in rounds)
        rate = operations(shapes[name]) / BATCH / floor / 1e9
        peak = max(cost.peak for cost, _ in rounds)
        lines.append(
            f"| {name} | {size:,} | {seconds:.2f} | {size * floor:.2f} ({rate:.0f} GFLOP/s) "
            f"| {' | '.join(shares)} | {peak / 1e6:.0f} |"
        )
    return [
        "By `benchmarks/inference.py`: `condvae generate RUN --per-class N --out digits.npz` and",
        "`condvae encode RUN digits.npz --out z.npz` with the notebook's networks, each a process",
        "that imports, computes, writes and has the file reach the disk. Floor: the products,",
        "by JAX, before and after each. The shares are of the time beyond what ten images take,",
        "in wall time and in processor time. Asked: >= 60 %, at constant memory.",
        "",
        "| command | images | seconds | floor, seconds | of the floor's rate | by processor time "
        "| peak, MB |",
        "|---|---|---|---|---|---|---|",
        *lines,
        "",
        f"Machine: {machine()}.",
    ]


if __name__ == "__main__":
    main()
