"""Wrong labels among MNIST's, found by a model that was trained on them.

2 % of the 60,000 training labels are replaced by another one at random; a preset learns from all of
them, its validation rows included, whose flipped labels choose the epoch; `condvae audit`'s score,
log p(y | x) of a label less that of the best other one, ranks the 60,000. Each draw of the flips is
a run folder: a benchmark that was stopped goes on where it was. docs/audit.md is written anew after
each draw, of all that are done.

    CONDVAE_DATA=DIR python benchmarks/audit.py [--runs DIR] [--draws 0 1 2] [--preset NAME]
"""

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np

import condvae
from condvae.data import Dataset
from condvae.evaluation.scores import score_rows
from condvae.measures.plausibility import found_share

NUM_ROWS = 60_000  # the training images; those of the test keep their labels, and are left out
FLIPPED = 0.02
SHARES = (0.01, 0.02, 0.025, 0.05)
NUM_SAMPLES = 50
PRESET = "plane"


def main() -> None:
    """Train and rank what is missing, print it, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/audit"))
    parser.add_argument("--draws", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--preset", default=PRESET)
    arguments = parser.parse_args()
    data, rows = condvae.load_data("mnist"), {}
    for draw in arguments.draws:
        folder = arguments.runs / f"{arguments.preset}-{draw}"
        rows[draw] = rank_flips(data, arguments.preset, folder, draw)
        shares = ", ".join(f"{rows[draw]['found'][f'{s:g}']:.1%} by {s:.1%}" for s in SHARES)
        print(f"draw {draw}: of the flips {shares} of the rows", flush=True)
        if arguments.preset == PRESET:
            Path("docs/audit.md").write_text(report(rows), encoding="utf-8")


def flip_labels(data: Dataset, draw: int) -> tuple[Dataset, np.ndarray]:
    """The data with wrong labels, and which are wrong, (N,) bool."""
    rng = np.random.default_rng(draw)
    planted = np.zeros(len(data.given), bool)
    planted[rng.choice(NUM_ROWS, round(FLIPPED * NUM_ROWS), replace=False)] = True
    shift = planted * rng.integers(1, data.num_classes, len(planted))
    return replace(data, given=((data.given + shift) % data.num_classes).astype("int32")), planted


def rank_flips(data: Dataset, preset: str, folder: Path, draw: int) -> dict:
    """What a run's ranking finds; trained and ranked where that is not done yet."""
    file = folder / "audit.json"
    if file.exists():
        return json.loads(file.read_text(encoding="utf-8"))
    flipped, planted = flip_labels(data, draw)
    run = condvae.train(flipped, preset=preset, run_dir=folder, resume=True)
    if run.record.status != "finished" or run.record.figures is None:
        raise SystemExit(f"{folder} is {run.record.status}: start again to go on")
    x, y, planted = flipped.x[:NUM_ROWS], flipped.y[:NUM_ROWS], planted[:NUM_ROWS]
    scores = score_rows(run.model, x, y, NUM_SAMPLES)
    ranking = scores.by_label()
    row = {
        "found": {f"{share:g}": found_share(ranking, planted, share) for share in SHARES},
        "told": float((scores.best == data.given[:NUM_ROWS]).mean()),
        "seconds": run.record.figures.seconds,
        "epochs": run.record.figures.epochs,
        "comparability": run.comparability(
            "validation", f"importance sampling, {NUM_SAMPLES} draws of z for each likely label"
        ),
    }
    file.write_text(json.dumps(row, indent=2), encoding="utf-8")
    return row


def report(rows: dict[int, dict]) -> str:
    """docs/audit.md of the draws that are done."""
    columns = " | ".join(f"first {share:.1%}" for share in SHARES)
    lines = [
        "# Wrong labels, found",
        "",
        "Written by `benchmarks/audit.py`. Of MNIST's 60,000 training labels 2 % are replaced",
        f"at random by another one, then preset `{PRESET}` is trained on them, and all rows are",
        "ranked as `condvae audit` ranks them: by log p(y given x) of the label less that of the",
        "best other one. Share of the flips that stand among the first rows:",
        "",
        f"| draw of the flips | {columns} | true label told | epochs | seconds |",
        f"|---{'|---' * (len(SHARES) + 3)}|",
        *(table_row(draw, row) for draw, row in rows.items()),
        "",
        f"Were the ranking perfect, the first {FLIPPED:.0%} would hold them all. True label told:",
        "share of the 60,000 whose most probable label is MNIST's own, which has errors itself.",
        "Seconds: of training, two shared cores.",
        "",
        *sorted({f"- {row['comparability']}" for row in rows.values()}),
    ]
    return "\n".join(lines) + "\n"


def table_row(draw: int, row: dict) -> str:
    """One line of the table."""
    found = " | ".join(f"{row['found'][f'{share:g}']:.1%}" for share in SHARES)
    return f"| {draw} | {found} | {row['told']:.2%} | {row['epochs']} | {row['seconds']:.0f} |"


if __name__ == "__main__":
    main()
