"""Wrong labels among MNIST's, found by a model that was trained on them.

2 % of the 60,000 training labels are replaced by another one at random; a preset learns from all of
them, its validation rows included, whose flipped labels choose the epoch; `condvae audit`'s score,
log p(y | x) of a label less that of the best other one, ranks the 60,000. Each draw of the flips is
a run folder, and a row of benchmarks/results/audit.json when it is done, so that an interrupted
benchmark continues where it stopped. docs/audit.md is rewritten after each draw.

    CONDVAE_DATA=DIR python benchmarks/audit.py [--runs DIR]
"""

import argparse
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
from cells import Cells

import condvae
from condvae.data import Dataset
from condvae.evaluation.scores import score_rows
from condvae.metrics.plausibility import found_share

NUM_ROWS = 60_000  # the training images; those of the test keep their labels, and are left out
FLIPPED = 0.02
SHARES = (0.01, 0.02, 0.025, 0.05)
NUM_SAMPLES = 50
PRESET = "plane"
DRAWS = (0, 1, 2)


def main() -> None:
    """Train and rank what is missing, print it, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/audit"))
    folder = parser.parse_args().runs
    cells = Cells("audit", {f"{draw}": {"preset": PRESET, "draw": draw} for draw in DRAWS})
    data = condvae.load_data("mnist")
    for name, settings in cells.settings.items():
        if name not in cells.rows():
            row = rank_flips(data, folder / f"{PRESET}-{name}", **settings)
            cells.keep(name, row)
            cells.write_page(report(cells.rows()))
            shares = ", ".join(f"{row['found'][f'{s:g}']:.1%} by {s:.1%}" for s in SHARES)
            print(f"draw {name}: of the flips {shares} of the rows", flush=True)


def flip_labels(data: Dataset, draw: int) -> tuple[Dataset, np.ndarray]:
    """The data with wrong labels, and which are wrong, (N,) bool."""
    rng = np.random.default_rng(draw)
    planted = np.zeros(len(data.given), bool)
    planted[rng.choice(NUM_ROWS, round(FLIPPED * NUM_ROWS), replace=False)] = True
    shift = planted * rng.integers(1, data.num_classes, len(planted))
    return replace(data, given=((data.given + shift) % data.num_classes).astype("int32")), planted


def rank_flips(data: Dataset, folder: Path, preset: str, draw: int) -> dict:
    """What a run's ranking finds; trained where that is not done yet."""
    flipped, planted = flip_labels(data, draw)
    run = condvae.train(flipped, preset=preset, run=folder, resume=True)
    if run.record.status != "finished" or run.record.figures is None:
        raise SystemExit(f"{folder} is {run.record.status}: start again to go on")
    x, y, planted = flipped.x[:NUM_ROWS], flipped.y[:NUM_ROWS], planted[:NUM_ROWS]
    scores = score_rows(run.model, x, y, NUM_SAMPLES)
    ranking = scores.by_label()
    return {
        "found": {f"{share:g}": found_share(ranking, planted, share) for share in SHARES},
        "told": float((scores.best == data.given[:NUM_ROWS]).mean()),
        "seconds": run.record.figures.seconds,
        "epochs": run.record.figures.epochs,
        "comparability": run.comparability(
            "validation", f"importance sampling, {NUM_SAMPLES} draws of z for each likely label"
        ),
    }


def report(rows: dict[str, dict]) -> str:
    """docs/audit.md of the draws that are done."""
    columns = " | ".join(f"first {share:.1%}" for share in SHARES)
    lines = [
        "# Finding wrong labels",
        "",
        "Written by `benchmarks/audit.py`. 2 % of MNIST's 60,000 training labels are replaced",
        f"by a random other one, preset `{PRESET}` is trained on them, and all rows are",
        "ranked as by `condvae audit`: by log p(y given x) of the label minus that of the",
        "best other one. Share of the wrong labels among the first rows:",
        "",
        f"| draw | {columns} | true label found | epochs | seconds |",
        f"|---{'|---' * (len(SHARES) + 3)}|",
        *(table_row(draw, row) for draw, row in rows.items()),
        "",
        f"A perfect ranking would have all of them in the first {FLIPPED:.0%}. True label found:",
        "share of the 60,000 images whose most probable label is MNIST's (which has errors, too).",
        "Seconds of training, on two shared cores.",
        "",
        *sorted({f"- {row['comparability']}" for row in rows.values()}),
    ]
    return "\n".join(lines) + "\n"


def table_row(draw: str, row: dict) -> str:
    """One line of the table."""
    found = " | ".join(f"{row['found'][f'{share:g}']:.1%}" for share in SHARES)
    return f"| {draw} | {found} | {row['told']:.2%} | {row['epochs']} | {row['seconds']:.0f} |"


if __name__ == "__main__":
    main()
