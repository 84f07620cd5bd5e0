"""Wall time from the start of a process to 131.2 nats on the 10,000 MNIST test images.

The notebook's networks (two latents, 784+10-512-2 and 2+10-512-784), reconstruction_loss + kl_loss.
The others follow the notebook's recipe as plain Keras (`notebook_recipe.py`), which looks at the
test images after each epoch; the time is that of the first epoch at or below 131.2. Ours is
`condvae.train` with the preset `plane`, and then `condvae.evaluate` in the same process, which
reads the test images once, at the end; all of its seeds must get there. Import, compilation and the
reading of the files are included; a second figure of ours finds what the first has compiled. Each
run is a process of its own, the contenders in turn. What is done is kept, line by line, in a file:
a benchmark that was stopped goes on where it was.

    CONDVAE_DATA=DIR python benchmarks/time_to_quality.py [--runs 3] [--seeds 5] [--kept FILE]

Backends beside JAX are environments of their own, .venv-torch and .venv-tensorflow, each with keras
and the backend; one that is not there is left out, and the table says so. Writes docs/time.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

TARGET = 131.2
ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "time.md"
RECIPE = ROOT / "benchmarks" / "notebook_recipe.py"
# name: (backend, environment, at most what share of its time ours may take)
CONTENDERS = {
    "jax": ("jax", ".venv", 1 / 7),
    "tensorflow": ("tensorflow", ".venv-tensorflow", 1 / 10),
    "torch": ("torch", ".venv-torch", None),
}
OURS = """
import json, sys, time
from condvae.cli.start import hide_from_keras, keep_compiled
hide_from_keras()
keep_compiled()
import condvae
from condvae.evaluation import bound_of
data = condvae.load_data("mnist")
seed, folder = int(sys.argv[1]), sys.argv[2]
run = condvae.train(data, preset="plane", seed=seed, run=folder + "/run", progress=False)
result = bound_of(run, data)
print(json.dumps({"epoch": len(run.history["epoch"]), "seconds": time.time() - float(sys.argv[3]),
    "processor": time.process_time(), "test": -result.elbo}))
"""


def first_there(command: list[str], variables: dict[str, str]) -> dict | None:
    """The first line that a process prints of an epoch at or below the target; ends the process."""
    environment = {**os.environ, **variables}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for line in process.stdout or ():
            row = json.loads(line)
            if row["test"] <= TARGET:
                process.terminate()
                return row
    if process.returncode:
        raise SystemExit(f"a contender ended with {process.returncode}")
    return None


def recipe(name: str, seed: int) -> dict | None:
    """One run of the recipe."""
    backend, environment, _ = CONTENDERS[name]
    python = str(ROOT / environment / "bin" / "python")
    folder = str(Path(os.environ["CONDVAE_DATA"]) / "mnist")
    # -P: beside the recipe lies a profile.py, which is not the one that PyTorch imports
    command = [python, "-P", str(RECIPE), folder, repr(time.time()), str(seed)]
    variables = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return first_there(command, variables)


def ours(seed: int, compiled: str) -> dict | None:
    """One run of ours.

    Args:
        compiled: the user's cache; an empty folder for a first run ever.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", OURS, str(seed), folder, repr(time.time())]
        return first_there(command, {"KERAS_BACKEND": "jax", "XDG_CACHE_HOME": compiled})


def main() -> None:
    """Run the contenders in turn and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="of each other contender")
    parser.add_argument("--seeds", type=int, default=5, help="of ours")
    parser.add_argument("--kept", type=Path, default=Path("runs/time-to-quality.jsonl"))
    arguments = parser.parse_args()
    there = [name for name in CONTENDERS if (ROOT / CONTENDERS[name][1] / "bin/python").exists()]
    found: dict[str, dict[int, dict | None]] = {name: {} for name in [*there, "ours", "compiled"]}
    if arguments.kept.exists():
        for line in arguments.kept.read_text(encoding="utf-8").splitlines():
            name, turn, row = json.loads(line)
            found[name][turn] = row

    def run(name: str, turn: int, work: Callable[[], dict | None]) -> None:
        if turn in found[name]:
            return
        found[name][turn] = row = work()
        print(name, "never" if row is None else row, flush=True)
        with arguments.kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, turn, row]) + "\n")

    with tempfile.TemporaryDirectory() as kept:
        ours(0, kept)  # fills the cache of the second figure
        for turn in range(max(arguments.runs, arguments.seeds)):
            if turn < arguments.runs:
                for name in there:
                    run(name, turn, partial(recipe, name, turn))
            if turn < arguments.seeds:
                with tempfile.TemporaryDirectory() as empty:
                    run("ours", turn, partial(ours, turn, empty))
                run("compiled", turn, partial(ours, turn, kept))
            text = report(found)
            PAGE.write_text(text, encoding="utf-8")
    print(text)


def report(found: dict[str, dict[int, dict | None]]) -> str:
    """The page."""
    reached = {
        name: {turn: row for turn, row in rows.items() if row} for name, rows in found.items()
    }

    def median(name: str, clock: str) -> str:
        return f"{statistics.median(row[clock] for row in reached[name].values()):.1f}"

    def ratio(name: str, clock: str) -> str:
        """Of neighbours, so that other work slows both."""
        both = reached[name].keys() & reached["ours"].keys()
        pairs = [reached[name][turn][clock] / reached["ours"][turn][clock] for turn in both]
        return f"1/{statistics.median(pairs):.1f}" if pairs and name not in words else ""

    words = {"ours": "condvae, first run ever", "compiled": "condvae, compiled before"}
    lines = []
    for name, rows in found.items():
        epochs = ", ".join(str(row["epoch"]) for row in reached[name].values())
        cells = [f"{len(reached[name])} of {len(rows)}", epochs]
        for clock in ("seconds", "processor") if reached[name] else ():
            cells += [median(name, clock), ratio(name, clock)]
        title = words.get(name, f"the recipe, Keras on {name}")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    absent = [name for name in CONTENDERS if name not in found]
    return "\n".join(
        [
            "# Time to 131.2 nats",
            "",
            "Written by `benchmarks/time_to_quality.py`, whose docstring has the protocol. Median",
            "seconds from the start of a process to 131.2 nats (reconstruction_loss + kl_loss,",
            "one draw of z for each image, grey pixels) on MNIST's 10,000 test images; beside them",
            "processor time, which depends less on other work. 'condvae takes': its share of the",
            "rival's time, the median over rounds, whose runs follow each other (except where",
            "the benchmark was interrupted).",
            "",
            "| | reached | in epoch | seconds | condvae takes | processor | condvae takes |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
            f"Machine: {os.cpu_count()} cores ({platform.machine()}), shared with other work.",
            *([f"Not measured: {', '.join(absent)}, not installed."] if absent else []),
            "",
        ]
    )


if __name__ == "__main__":
    main()
