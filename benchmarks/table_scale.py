"""Tables of many columns, many rows and few: processor seconds and memory of the commands.

Each step is a command of its own, imports and compiling included: processor and wall seconds, and
the largest resident memory, are what the kernel counted for it. A step is done once: its figures
are in OUT/table_scale.json, and a run that was stopped goes on. Writes its section of
docs/performance.md with --page.

    CONDVAE_DATA=DIR python benchmarks/table_scale.py --out runs/scale [--columns 500]
        [--rows 1000000] [--few 40] [--only wide rows adult few] [--page]
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from cells import Cells, folder_name
from floor import machine
from sections import write_section

from condvae.data.tables import Columns
from condvae.data.writing import write_table

CONDVAE = str(Path(sys.executable).with_name("condvae"))
WIDE_ROWS, LONG_COLUMNS, MANY = 5_000, 30, 100_000
BLOCK = 100_000
READ = "import sys; from condvae.data.readers import read; read(sys.argv[1])"
PARTS = ("wide", "rows", "adult", "few")


def main() -> None:
    """Make the tables, run what is missing, print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/scale"))
    parser.add_argument("--columns", type=int, default=500)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=40)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    steps = {name: step for part in given.only for name, step in steps_of(part, given).items()}
    cells = Cells(
        "table_scale", {name: {"command": step} for name, step in steps.items()}, given.out
    )
    for name, command in steps.items():
        if name not in cells.rows():
            print(name, flush=True)
            cells.keep(name, measured(command, given.out / f"{folder_name(name)}.log"))
    lines = [
        "By `benchmarks/table_scale.py`: each a process, imports and compiling included.",
        "",
        "| | processor s | wall s | peak, GB |",
        "|---|---|---|---|",
    ]
    for name, row in cells.rows().items():
        lines.append(f"| {name} | {row['cpu']:.1f} | {row['wall']:.1f} | {row['peak'] / 1e9:.2f} |")
    lines += ["", f"Machine: {machine()}."]
    if given.page:
        write_section("Tables of many columns, and of many rows", lines)
    else:
        print("\n".join(lines))


def steps_of(part: str, given: argparse.Namespace) -> dict[str, list[str]]:
    """The commands of a part by name, their tables made."""
    out, rows = given.out, given.rows
    data, run = str(out / f"{part}.csv"), str(out / f"run-{part}")
    train = [CONDVAE, "train", data, "--run", run]
    generate = [CONDVAE, "generate", run, "--overwrite", "-n"]
    if part == "wide":
        made(out / "wide.csv", given.columns, WIDE_ROWS, given.columns // 2)
        return {
            f"{given.columns} columns, {WIDE_ROWS:,} rows: train, 1 epoch": [
                *train,
                "--epochs",
                "1",
            ],
            f"{given.columns} columns: 1,000 rows generated": [
                *(*generate, "1000", "--out", str(out / "wide-rows.csv")),
            ],
        }
    if part == "rows":
        made(out / "rows.csv", LONG_COLUMNS, rows, 10)
        return {
            f"{rows:,} rows of {LONG_COLUMNS} columns: read": [sys.executable, "-c", READ, data],
            f"{rows:,} rows: train, 1 epoch": [*train, "--epochs", "1"],
            f"{rows:,} rows generated, .csv": [*generate, str(rows), "--out", str(out / "new.csv")],
            f"{rows:,} rows generated, .parquet": [
                *(*generate, str(rows), "--out", str(out / "new.parquet")),
            ],
        }
    if part == "adult":
        data = str(Path(os.environ["CONDVAE_DATA"]) / "tables" / "adult_train.csv")
        train = [CONDVAE, "train", data, "--run", run, "--condition", "income", "--epochs", "2"]
        return {
            "Adult: train, 2 epochs": train,
            **{
                f"Adult: {MANY:,} rows generated, {suffix}": [
                    *(*generate, str(MANY), "--out", str(out / f"adult-rows{suffix}")),
                ]
                for suffix in (".csv", ".parquet", ".xlsx")
            },
        }
    made(out / "few.csv", 8, given.few, 3)
    return {
        f"{given.few} rows: train": train,
        f"{given.few} rows: 1,000 generated": [
            *(*generate, "1000", "--out", str(out / "few-rows.csv")),
        ],
    }


def measured(command: list[str], log: Path) -> dict[str, float]:
    """What the kernel counted for a process; a failure ends the program."""
    if "--run" in command:
        shutil.rmtree(command[command.index("--run") + 1], ignore_errors=True)
    started = time.perf_counter()
    with open(log, "wb") as file:
        to_log = [(os.POSIX_SPAWN_DUP2, file.fileno(), descriptor) for descriptor in (1, 2)]
        child = os.posix_spawn(command[0], command, os.environ, file_actions=to_log)
        _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed: see {log}")
    return {
        "cpu": usage.ru_utime + usage.ru_stime,
        "wall": time.perf_counter() - started,
        "peak": usage.ru_maxrss * 1024,
    }


def made(path: Path, num_columns: int, rows: int, num_classes: int) -> None:
    """A CSV file of mixed columns that hang together, unless it is there."""
    if not path.exists():
        write_table(path, blocks(num_columns, rows, num_classes))


def blocks(num_columns: int, rows: int, num_classes: int) -> Iterator[Columns]:
    """Blocks of rows: numbers with spikes, holes, tails and cents; classes of 2 to 20 words."""
    rng = np.random.default_rng(0)
    slopes = rng.standard_normal((num_columns, 3))
    sizes = np.linspace(2, 20, num_classes).astype(int)
    for first in range(0, rows, BLOCK):
        count = min(BLOCK, rows - first)
        hidden = rng.standard_normal((count, 3))
        table = {}
        for place, slope in enumerate(slopes):
            signal = hidden @ slope + rng.standard_normal(count)
            if place < num_classes:
                size = sizes[place]
                codes = np.clip((signal + 4) / 8 * size, 0, size - 1).astype(int)
                table[f"class{place}"] = np.array([f"word{code}" for code in range(size)])[codes]
                continue
            kind = place % 4
            values = [signal, np.exp(signal), np.round(20 * signal), np.exp(2 * signal)][kind]
            values = np.round(values, [4, 2, 0, 2][kind])
            spike = rng.random(count) < [0, 0.5, 0, 0.9][kind]
            values[spike] = 0
            values[rng.random(count) < 0.05 * (place % 3 == 0)] = np.nan
            table[f"number{place}"] = values
        yield table


if __name__ == "__main__":
    main()
