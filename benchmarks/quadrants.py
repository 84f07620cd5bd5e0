"""Structured output on MNIST quadrants: -log p(x | y) of the missing pixels, by both estimators.

NN (the baseline alone), GSNN, CVAE and their hybrid, with 1, 2 and 3 quadrants given: 50,000
training and 10,000 validation images out of MNIST's training set, the validation images choosing
the epoch, the 10,000 test images looked at once, at the end. Three seeds for the CVAE, one for the
rest, the paper's own networks, and an ablation of each switch on 1 quadrant, trained for fewer
epochs and judged by validation images. Every cell is a run folder, and a row of
benchmarks/results/quadrants.json when it is done, so that an interrupted benchmark continues where
it stopped. docs/quadrants.md is rewritten after each cell; --quick (one seed, few epochs, 2,000
test images, no ablation) writes its table into the folder of its runs.

    CONDVAE_DATA=DIR python benchmarks/quadrants.py [--quick] [--runs DIR] [--only TEXT]
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
from cells import Cells, folder_name

import condvae
from condvae.metrics.log_mean_exp import LogProbEstimate

SPLIT = {"validation": 1 / 6}
QUADRANTS = (1, 2, 3)
# these are at their best on the validation images sooner
FEWER = {"epochs": 15}
MODELS = {
    "CVAE": {},
    "hybrid": {"alpha": 0.5},
    "GSNN": {"alpha": 0.0, **FEWER},
    "NN": {"network": "deterministic", **FEWER},
}
# recalled from the paper, which could not be opened
PAPER = {
    "architecture": "mlp",
    "activation": "relu",
    "hidden_dims": (1000, 1000),
    "latent_dim": 200,
    **FEWER,
}
SHORT = {"epochs": 6}
ABLATION_ROWS = 2_000
ABLATIONS = {
    "as it is": {},
    "no baseline": {"baseline": "absent"},
    "decoder sees z and y": {"decoder_sees": "z_and_y"},
    "standard prior": {"prior": "standard"},
    "no weight decay": {"weight_decay": 0.0},
    "no dropout": {"dropout": 0.0},
    "omission noise up to 0.4": {"omission": 0.4},
    "coarse terms, weight 0.5": {"coarse_weight": 0.5},
    "2 × 500 ReLU, no residual blocks": {"architecture": "mlp", "activation": "relu"},
}
QUICK = {"epochs": 3}
QUICK_ROWS = 2_000

# REFERENCES: negative conditional log-likelihoods that others publish, their protocols beside them.
PUBLISHED = """\
| published | 1 quadrant | 2 | 3 | protocol |
|---|---|---|---|---|
| Pyro, NN baseline | 100.4 | 61.9 | 25.4 | stopped on the test set |
| Pyro, CVAE | 71.8 | 51.0 | 24.2 | 10-sample −ELBO; frozen baseline; stopped on the test set |
| enhuiz/tzq-cvae, CVAE | 67.8 | | | importance sampling, 100 samples |
| Sohn 2015, NN (recalled) | 99.8 | 62.2 | 26.0 | |
| Sohn 2015, GSNN, Monte Carlo (recalled) | 99.8 | 62.4 | 26.3 | |
| Sohn 2015, CVAE, Monte Carlo (recalled) | 68.4 | 45.3 | 21.0 | |
| Sohn 2015, CVAE, importance sampling (recalled) | 63.9 | 44.7 | 21.0 | |

"Recalled": quoted from memory, since the table of the paper was not accessible. Splits and
preprocessing differ, so that the rows give an orientation only.
"""


def settings_by_cell(quick: bool) -> dict[str, dict]:
    """Name -> settings beside those of the preset `structured`, the main ones first."""
    chosen: dict[str, dict] = {}
    for seed in range(1 if quick else 3):
        for name, settings in MODELS.items():
            if seed and name != "CVAE":
                continue
            for observed in QUADRANTS:
                own = {"observed": observed, "seed": seed, **(QUICK if quick else {})}
                chosen[f"{name} {observed}, seed {seed}"] = {**settings, **own}
    if not quick:
        for name, settings in ABLATIONS.items():
            chosen[f"ablation: {name}"] = {**SHORT, **settings, "observed": 1}
        for observed in QUADRANTS:
            chosen[f"CVAE {observed}, the paper's networks"] = {**PAPER, "observed": observed}
    return {name: {**SPLIT, **settings} for name, settings in chosen.items()}


def main() -> None:
    """Train what is missing, evaluate it once, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, few epochs, no ablation")
    parser.add_argument("--runs", type=Path, default=Path("runs/quadrants"))
    parser.add_argument("--only", default="", help="cells whose name contains this text")
    arguments = parser.parse_args()
    quick, runs = arguments.quick, arguments.runs / ("quick" if arguments.quick else "whole")
    cells = Cells("quadrants", settings_by_cell(quick), runs if quick else None)
    data = condvae.load_data("mnist")
    for name, settings in cells.settings.items():
        if arguments.only in name and name not in cells.rows():
            is_short = name.startswith("ablation")
            num_rows = ABLATION_ROWS if is_short else QUICK_ROWS if quick else None
            split = "validation" if is_short else "test"
            row = cell(data, runs / folder_name(name), settings, split, num_rows)
            cells.keep(name, row)
            cells.write_page(report(cells.rows()))
            print(f"{name}: IS {row['importance']:.2f}, MC {row['monte_carlo']:.2f}", flush=True)


def cell(
    data: condvae.Dataset, folder: Path, settings: dict, split: str, num_rows: int | None
) -> dict:
    """A run's figures on a split's first images; trained where that is not done yet."""
    run = condvae.train(data, preset="structured", run=folder, resume=True, **settings)
    if run.record.status != "finished":
        raise SystemExit(f"{folder} is {run.record.status}: start again to go on")
    images = getattr(run.check_data(data), split)
    x, y = images.x[:num_rows], run.conditions(images)[:num_rows]
    by: dict[str, LogProbEstimate] = {
        name: run.model.estimate_log_prob(x, y, 100, name) for name in ("importance", "prior")
    }
    figures = run.record.figures
    assert figures is not None
    return {
        "importance": -by["importance"].mean,
        "importance_error": by["importance"].standard_error,
        "importance_effective": float(np.median(by["importance"].effective_samples)),
        "monte_carlo": -by["prior"].mean,
        "monte_carlo_error": by["prior"].standard_error,
        "monte_carlo_effective": float(np.median(by["prior"].effective_samples)),
        "validation": -figures.val_elbo,
        "seconds": figures.seconds,
        "epochs": figures.epochs,
        "comparability": run.comparability(
            split,
            "100 draws of z for each "
            + ("image" if num_rows is None else f"of the first {num_rows:,} images"),
        ),
    }


def report(figures: dict[str, dict]) -> str:
    """docs/quadrants.md: the models by quadrants, the ablation, every cell."""
    lines = [
        "# MNIST quadrants",
        "",
        "Written by `benchmarks/quadrants.py`. −log p(x given y) of the missing pixels in nats,",
        "lower is better, by importance sampling (IS) and by Monte Carlo from the prior (MC), 100",
        "samples each; for the CVAE the mean over seeds. NN has no latents: its figure is exact",
        "and therefore the same in both columns.",
        "",
        "| model | 1 quadrant, IS | MC | 2, IS | MC | 3, IS | MC |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in (*MODELS, "the paper's networks"):
        row = []
        for observed in QUADRANTS:
            own = [
                figures[cell]
                for cell in figures
                if cell.startswith(f"{name} {observed}, seed") or cell == f"CVAE {observed}, {name}"
            ]
            for estimator in ("importance", "monte_carlo"):
                mean = np.mean([cell[estimator] for cell in own]) if own else np.nan
                row.append(f"{mean:.2f}" if own else "")
        lines.append(f"| {name} | {' | '.join(row)} |")
    whole, short = (
        {name: row for name, row in figures.items() if name.startswith("ablation") == is_short}
        for is_short in (False, True)
    )
    lines += ["", PUBLISHED, "## All runs", "", *cell_table("cell", whole)]
    if short:
        lines += [
            f"## One setting changed, {SHORT['epochs']} epochs, 1 quadrant",
            "",
            *cell_table("change", {name.partition(": ")[2]: row for name, row in short.items()}),
        ]
    lines += [
        "± is the standard error over the images. Effective samples: the median over the images.",
        "Seconds of training, on two cores shared with other work.",
        "",
        *sorted({f"- {row['comparability']}" for row in figures.values()}),
    ]
    return "\n".join(lines) + "\n"


def cell_table(what: str, rows: dict[str, dict]) -> list[str]:
    """Each cell's figures."""
    return [
        f"| {what} | IS | effective | MC | effective | validation −ELBO | epochs | seconds |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {row['importance']:.2f} ± {row['importance_error']:.2f} | "
            f"{row['importance_effective']:.1f} | "
            f"{row['monte_carlo']:.2f} ± {row['monte_carlo_error']:.2f} | "
            f"{row['monte_carlo_effective']:.1f} | {row['validation']:.2f} | {row['epochs']} | "
            f"{row['seconds']:.0f} |"
            for name, row in rows.items()
        ),
        "",
    ]


if __name__ == "__main__":
    main()
