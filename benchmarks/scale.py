"""Data larger than memory: what training on mapped images takes, beside images in memory.

Each training is a process of its own, `plane` for an epoch unless said otherwise; its own memory is
the most that was anonymous (RssAnon, looked at 50 times a second): pages of the files themselves
are the system's, which takes them back when it needs them. A cell is done once; its figures are in
benchmarks/results/scale.json. Images of random bytes lie in FOLDER, and are removed at the end.

    CONDVAE_DATA=DIR python benchmarks/scale.py FOLDER [--only memory epoch limit order table]
        [--gb 20] [--limit 2]

Rows of a table have ten columns and lie in Parquet parts; they are packed in a process of its own,
and `table` trains on the pack.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
from cells import Cells
from floor import machine

SHAPE = (28, 28)
BLOCK = 2**16
PARTS = ("memory", "epoch", "limit", "order", "table")
TABLE_PARTS = 8
ROW = """random() * 100 AS a, -ln(random()) AS b, random() + random() AS c,
    floor(random() * 80)::INT AS age,
    CASE WHEN random() < 0.9 THEN 0 ELSE random() * 1e5 END AS gain,
    ['red', 'green', 'blue', 'black'][1 + floor(random() * 4)::INT] AS colour,
    'w' || floor(random() * random() * 50)::INT AS word, random() < 0.3 AS flag,
    DATE '2020-01-01' + floor(random() * 900)::INT AS day,
    ['no', 'yes'][1 + (random() < 0.25)::INT] AS target"""
TURNS = 15
SEEDS = [5, 6, 7, 8, 9]
SMALL = {"batch_size": 1000, "epochs": 1, "hidden_dims": (64,)}
# one held-out row in a hundred, since a hundred thousand are enough
FEW = {**SMALL, "validation": 0.01, "test": 0.01}
SORTED = {"epochs": 2}


def main() -> None:
    """Make what is missing, print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--gb", type=float, default=20.0)
    parser.add_argument("--limit", type=float, default=2.0, help="memory, GB")
    parser.add_argument("--cell", help="train one cell in this process, and print its figures")
    given = parser.parse_args()
    if given.cell:
        cell = json.loads(given.cell)
        if cell.get("turns"):
            waiting(cell)
        else:
            print(json.dumps(trained(cell)))
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    wanted = {name: cell for part in given.only for name, cell in cells_of(part, given).items()}
    cells = Cells("scale", {**wanted})
    for name, cell in wanted.items():
        if name not in cells.rows():
            print(name, flush=True)
            cells.keep(name, measured(cell, given.folder))
    for name, row in cells.rows().items():
        print(f"{name}: {json.dumps(row)}")
    print(machine())


def cells_of(part: str, given: argparse.Namespace) -> dict[str, dict]:
    """The trainings of a part, by name."""
    if part == "memory":
        rows = {"1 million": 10**6, "4 million": 4 * 10**6}
        return {
            f"{words} mapped": {"rows": n, "mapped": True, "settings": SMALL}
            for words, n in rows.items()
        } | {"1 million in memory": {"rows": 10**6, "mapped": False, "settings": SMALL}}
    if part == "epoch":
        words = "epochs of mapped and of in-memory data in turn"
        cell = {"rows": 200_000, "turns": TURNS, "settings": {**SMALL, "order": "windows"}}
        return {words: cell}
    if part == "limit":
        rows = int(given.gb * 1e9 / np.prod(SHAPE))
        cell = {"rows": rows, "mapped": True, "limit": int(given.limit * 1e9), "settings": FEW}
        return {f"{given.gb:g} GB with {given.limit:g} GB of memory": cell}
    if part == "table":
        found = {}
        for words, n in {"1 million": 10**6, "4 million": 4 * 10**6}.items():
            table = {"rows": n, "table": True}
            found[f"{words} rows of a table packed"] = {**table, "pack": True}
            found[f"{words} rows of a packed table"] = {**table, "settings": FEW}
        whole = {"rows": 10**6, "table": True, "mapped": False, "settings": FEW}
        return found | {"1 million rows of a table in memory": whole}
    return {
        f"sorted MNIST, {order}": {
            "rows": 0,
            "mapped": True,
            "chunk": chunk,
            "seeds": SEEDS,
            "settings": {**SORTED, "order": order.split()[0]},
        }
        for order, chunk in (("rows", 1024), ("windows of 64 x 64 rows", 64))
    }


def measured(cell: dict, folder: Path) -> dict:
    """The figures of a training in a process of its own."""
    kind = "table" if cell.get("table") else "random"
    data = folder / (f"{kind}-{cell['rows']}" if cell["rows"] else "sorted")
    if cell.get("table"):
        made_table(data, cell["rows"])
    else:
        made(data, cell["rows"])
    if cell.get("turns"):
        return in_turn(cell, data, folder)
    command = [sys.executable, __file__, str(folder), "--cell"]
    command.append(json.dumps({**cell, "data": str(data)}))
    group = memory_group(cell.get("limit"))
    if group is not None:  # pages that are in memory already would be counted as another's
        with open(data / "x.npy", "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        found = subprocess.run(
            command,
            capture_output=True,
            text=True,
            preexec_fn=lambda: limited(cell.get("limit"), group),
            check=False,
        )
    finally:
        if group is not None:
            group.rmdir()
        shutil.rmtree(folder / "run", ignore_errors=True)
        if cell["rows"] > 4 * 10**6:
            shutil.rmtree(data)
    if found.returncode:
        raise SystemExit(f"{cell} ended with {found.returncode}:\n{found.stderr[-3000:]}")
    return json.loads(found.stdout.splitlines()[-1]) | {"by_cgroup": group is not None}


def in_turn(cell: dict, data: Path, folder: Path) -> dict:
    """Clock and processor seconds of epochs of two trainings, each of which waits for its turn."""
    command = [sys.executable, __file__, str(folder), "--cell"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    trainings, taken = {}, {"mapped": [], "in memory": []}
    for where in taken:
        run = str(folder / f"run-{where}")
        told = json.dumps({**cell, "data": str(data), "mapped": where == "mapped", "run": run})
        trainings[where] = subprocess.Popen([*command, told], **pipes)
        trainings[where].stdout.readline()  # at the first epoch
    for turn in range(cell["turns"] + 1):
        for where in (*taken,) if turn % 2 else (*taken,)[::-1]:
            trainings[where].stdin.write("\n")
            trainings[where].stdin.flush()
            taken[where].append(json.loads(trainings[where].stdout.readline()))
    for where, training in trainings.items():
        training.communicate()
        shutil.rmtree(folder / f"run-{where}")
    clock, busy = (
        np.array([[epoch[kind] for epoch in epochs[1:]] for epochs in taken.values()])
        for kind in (0, 1)
    )
    return {
        "epochs": taken,
        "clock_ratio": round(float(np.median(clock[0] / clock[1])), 3),
        "clock_ratio_of_least": round(float(clock[0].min() / clock[1].min()), 3),
        "cpu_ratio": round(float(busy[0].sum() / busy[1].sum()), 3),
        "load": round(os.getloadavg()[0], 1),
    }


def waiting(cell: dict) -> None:
    """Train an epoch for each line of the input, and print its clock and processor seconds."""
    import keras

    import condvae

    class Turns(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
            if not epoch:
                print("ready", flush=True)
            sys.stdin.readline()
            self.begun = time.perf_counter(), time.process_time()

        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            ended = time.perf_counter(), time.process_time()
            spent = [round(b - a, 3) for a, b in zip(self.begun, ended, strict=True)]
            print(json.dumps(spent), flush=True)

    data = condvae.load_data(cell["data"], mapped=cell["mapped"])
    how = {**cell["settings"], "preset": "plane", "epochs": cell["turns"] + 1, "patience": 99}
    condvae.train(data, run=cell["run"], progress=False, callbacks=[Turns()], **how)


def memory_group(limit: int | None) -> Path | None:
    """A cgroup (v1) below this process's own with that much memory; None where none is made."""
    if limit is None:
        return None
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, kind, path = line.split(":", 2)
        if kind == "memory":
            group = Path(f"/sys/fs/cgroup/memory{path}/condvae-scale-{os.getpid()}")
            try:
                group.mkdir()
                (group / "memory.limit_in_bytes").write_text(str(limit))
            except OSError:
                return None
            return group
    return None


def limited(limit: int | None, group: Path | None) -> None:
    """Give this process its limit: a cgroup's, of files' pages too, or else one on its own data."""
    if group is not None:
        (group / "cgroup.procs").write_text(str(os.getpid()))
    elif limit is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def made(folder: Path, rows: int) -> None:
    """Images of random bytes and labels; or MNIST sorted by label: x.npy and y.npy."""
    if (folder / "y.npy").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not rows:
        from condvae.data import load_data

        mnist = load_data("mnist")
        train = np.setdiff1d(np.arange(len(mnist.x)), mnist.test_rows)
        for suffix, part in (("", train), ("_test", mnist.test_rows)):
            order = part[np.argsort(mnist.codes[part], kind="stable")]
            np.save(folder / f"x{suffix}.npy", mnist.x[order])
            np.save(folder / f"y{suffix}.npy", mnist.codes[order])
        return
    needed, free = rows * int(np.prod(SHAPE)), shutil.disk_usage(folder).free
    if needed > 0.7 * free:
        raise SystemExit(f"{needed / 1e9:.0f} GB do not fit well into {free / 1e9:.0f} GB: --gb")
    rng = np.random.default_rng(0)
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", "uint8", (rows, *SHAPE))
    for first in range(0, rows, BLOCK):
        count = min(BLOCK, rows - first)
        x[first : first + count] = np.frombuffer(rng.bytes(count * 784), "uint8").reshape(
            -1, *SHAPE
        )
    x.flush()
    np.save(folder / "y.npy", rng.integers(0, 10, rows).astype("uint8"))


def made_table(folder: Path, rows: int) -> None:
    """Parquet parts of a table of ten columns."""
    import duckdb

    parts = folder / "parts"
    if parts.exists():
        return
    parts.mkdir(parents=True)
    with duckdb.connect() as database:
        database.execute("SELECT setseed(0.5)")
        for part in range(TABLE_PARTS):
            database.execute(
                f"COPY (SELECT {ROW} FROM range({rows // TABLE_PARTS})) "
                f"TO '{parts}/part-{part}.parquet' (ROW_GROUP_SIZE 122880)"
            )


def packed(cell: dict) -> dict:
    """Pack a table, and tell seconds, own memory and bytes."""
    from condvae.cli import main as condvae

    folder = Path(cell["data"])
    shutil.rmtree(folder / "packed", ignore_errors=True)
    with Watch() as watch:
        begun = time.perf_counter()
        source, out = str(folder / "parts"), str(folder / "packed")
        condvae(["data", "pack", source, out, "--condition", "target"])
        seconds = time.perf_counter() - begun
    size = sum(path.stat().st_size for path in (folder / "packed").iterdir())
    return {
        "rows": cell["rows"],
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time(), 1),
        "own_memory_mb": round(watch.most / 1e6),
        "pack_mb": round(size / 1e6),
    }


def trained(cell: dict) -> dict:
    """Train, and tell seconds, own memory and the bound, of each seed where there are several."""
    if cell.get("pack"):
        return packed(cell)
    import condvae
    from condvae.training import order

    order.CHUNK_ROWS = cell.get("chunk", order.CHUNK_ROWS)
    run, bounds = Path(cell["data"]).parent / "run", []
    settings = cell["settings"]
    with Watch() as watch:
        begun = time.perf_counter()
        split = {name: settings[name] for name in ("validation", "test") if name in settings}
        source = cell["data"]
        if not cell.get("table"):
            split["mapped"] = cell["mapped"]
        elif cell.get("mapped", True):
            source = f"{source}/packed"
        else:
            source, split = f"{source}/parts", {**split, "conditions": ("target",)}
        data = condvae.load_data(source, **split)
        for seed in cell.get("seeds", [0]):
            shutil.rmtree(run, ignore_errors=True)
            how = {**settings, "preset": "plane", "seed": seed, "progress": False}
            done = condvae.train(data, run=run, **how)
            bounds.append(round(done.record.figures.val_elbo, 3))
        seconds = time.perf_counter() - begun
    return {
        "rows": len(data.train.rows),
        "order": done.spec.training.order,
        "epoch_seconds": [round(second, 2) for second in done.history["seconds"]],
        "seconds": round(seconds, 1),
        "cpu_seconds": round(time.process_time(), 1),
        "own_memory_mb": round(watch.most / 1e6),
        "val_elbo": bounds,
    }


class Watch(threading.Thread):
    """The most anonymous memory of this process, in bytes, while it runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most, self.ended = 0, threading.Event()

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        self.join()

    def run(self) -> None:
        """Look again and again."""
        while not self.ended.wait(0.02):
            lines = Path("/proc/self/status").read_text().splitlines()
            found = next(line for line in lines if line.startswith("RssAnon"))
            self.most = max(self.most, int(found.split()[1]) * 1024)


if __name__ == "__main__":
    main()
