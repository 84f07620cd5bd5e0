"""The reference table: presets on MNIST, three seeds each, every measure of `evaluate --full`.

Each cell, a preset and a seed, is a run folder, and a row of benchmarks/results/reference.json
when it is done, so that an interrupted benchmark continues where it stopped, even in the middle of
a training. docs/reference.md is rewritten after each cell. The test images are read once for each
cell (by preset `notebook` also to choose the epoch, as its original does, which its comparability
lines say). The likelihood, K = 5,000, is that of the first 1,000 test images: on all of them two
cores would need a day for the table.

    CONDVAE_DATA=DIR python benchmarks/reference.py [--runs DIR] [--only TEXT] [--quick]
"""

import argparse
import math
import os
import re
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
from cells import Cells

import condvae
from condvae.data import Dataset
from condvae.reports import report_run

PRESETS = ("notebook", "plane", "wide", "likelihood")
SEEDS = (0, 1, 2)
# numbers of one latent, one label or one row, which are in each cell's metrics.json
DETAIL = re.compile(r"z\d+_|.*_\d+$|closest_training_row$")
# the table at the top
HEADLINES = {
    "elbo": "Bound",
    "log_prob_importance": "Likelihood",
    "bayes_accuracy": "Labels",
    "active_units": "Latents",
    "balanced_accuracy": "Latents",
    "label_share": "Latents",
    "label_accuracy": "Samples",
    "frechet": "Samples",
    "coverage": "Samples",
    "classification_accuracy_score": "Accuracy score",
}
FULL_IMAGES = 1_000
QUICK_TRAINING, QUICK_TEST = 3_000, 1_000  # images


def main() -> None:
    """Train and measure what is missing, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/reference"))
    parser.add_argument("--only", default="", help="cells whose name contains this text")
    parser.add_argument(
        "--quick", action="store_true", help="to try it: few images, one epoch, no --full"
    )
    arguments = parser.parse_args()
    data, folder = condvae.load_data("mnist"), arguments.runs
    if arguments.quick:
        data, folder = few_images(data), folder.with_name(f"{folder.name}-quick")
    settings = {
        f"{preset}-{seed}": {
            "preset": preset,
            "seed": seed,
            **({"epochs": 1} if arguments.quick else {}),
        }
        for seed in SEEDS
        for preset in PRESETS
    }
    cells = Cells("reference", settings, folder if arguments.quick else None)
    for name, own in cells.settings.items():
        if arguments.only in name and name not in cells.rows():
            cells.keep(name, measure_cell(data, folder / name, own, full=not arguments.quick))
            cells.write_page(report(cells.rows()))
            print(f"{name}: done", flush=True)


def few_images(data: Dataset) -> Dataset:
    """The first training and test images."""
    assert data.test_rows is not None
    rows, test = np.arange(QUICK_TRAINING), data.test_rows[:QUICK_TEST]
    return Dataset.from_arrays(
        data.x[rows],
        data.y[rows],
        condition_name="digit",
        name="mnist, few",
        test=(data.x[test], data.y[test]),
    )


def measure_cell(data: Dataset, folder: Path, settings: dict, full: bool) -> dict[str, dict]:
    """Title -> measures of a run, trained where that is not done yet."""
    run = condvae.train(data, run=folder, resume=True, **settings)
    if run.record.status != "finished":
        raise SystemExit(f"{folder} is {run.record.status}: start again to go on")
    return report_run(run, data, full, FULL_IMAGES)[0].measures


def report(cells: dict[str, dict[str, dict]]) -> str:
    """docs/reference.md of the cells that are done."""
    of_preset: dict[str, list[dict[str, dict]]] = {preset: [] for preset in PRESETS}
    for name, measures in cells.items():
        of_preset[name.rpartition("-")[0]].append(measures)
    done = [measures for found in of_preset.values() for measures in found]
    heads = " | ".join(f"`{preset}` ({len(found)})" for preset, found in of_preset.items())
    head = [f"| | {heads} |", f"|---{'|---' * len(PRESETS)}|"]
    lines = [
        "# The reference table",
        "",
        "Written by `benchmarks/reference.py`: MNIST, the mean over seeds ± their standard",
        "deviation; the number of seeds in brackets. [evaluation.md](evaluation.md) defines the",
        "measures; nats per image unless stated otherwise. Each table is followed by protocols:",
        "presets with different protocols are not comparable, in that table and in this one:",
        "",
        *head,
    ]
    for name, title in HEADLINES.items():
        found = [[part.get(title, {}).get(name) for part in parts] for parts in of_preset.values()]
        lines.append(f"| {name} | {' | '.join(show(values) for values in found)} |")
    for title in dict.fromkeys(title for measures in done for title in measures):
        lines += ["", f"## {title}", "", *head]
        parts = {
            preset: [measures.get(title, {}) for measures in found]
            for preset, found in of_preset.items()
        }
        names = dict.fromkeys(name for found in parts.values() for part in found for name in part)
        for name in names:
            shown = [show([part.get(name) for part in found]) for found in parts.values()]
            if any(shown) and not DETAIL.match(name):
                lines.append(f"| {name} | {' | '.join(shown)} |")
        lines += ["", *protocols(parts)]
    return "\n".join(lines) + "\n"


def show(values: list) -> str:
    """Mean ± standard deviation, its two leading digits shown; a constant as it is."""
    numbers = np.array([value for value in values if isinstance(value, int | float)], "float64")
    if not len(numbers):
        return ""
    deviation = numbers.std(ddof=1) if len(numbers) > 1 else 0.0
    if deviation <= 1e-9 * np.abs(numbers).max():
        return f"{numbers[0]:,.0f}" if numbers[0].is_integer() else f"{numbers[0]:.4g}"
    decimals = max(0, 1 - math.floor(math.log10(deviation)))
    return f"{numbers.mean():,.{decimals}f} ± {deviation:,.{decimals}f}"


def protocols(parts: dict[str, list[dict]]) -> list[str]:
    """The comparability lines of a measure, each with the presets that it is of."""
    of_line: dict[str, list[str]] = {}
    for preset, found in parts.items():
        for part in found:
            for name, text in part.items():
                if name.endswith("comparability") and preset not in of_line.setdefault(text, []):
                    of_line[text].append(preset)
    return [f"- {', '.join(presets)}: {text}" for text, presets in of_line.items()]


if __name__ == "__main__":
    main()
