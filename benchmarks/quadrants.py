"""Structured output on MNIST quadrants: -log p(x | y) of the missing pixels, by both estimators.

NN (the baseline alone), GSNN, CVAE and their hybrid, with 1, 2 and 3 quadrants given: 50,000
training and 10,000 validation images out of MNIST's training set, the validation images choosing
the epoch, the 10,000 test images looked at once, at the end. Three seeds for the CVAE, one for the
rest, and an ablation of each switch on 1 quadrant. Every cell is a run folder: a benchmark that was
stopped goes on where it was. Writes docs/quadrants.md.

    CONDVAE_DATA=DIR python benchmarks/quadrants.py [--quick] [--runs DIR] [--only CELL]
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import condvae
from condvae.evaluation import conditional_likelihood

SPLIT = {"validation": 1 / 6}
MODELS = {
    "NN": {"network": "deterministic"},
    "GSNN": {"alpha": 0.0},
    "CVAE": {},
    "hybrid": {"alpha": 0.5},
}
ABLATIONS = {
    "no baseline": {"baseline": "absent"},
    "decoder sees z and y": {"decoder_sees": "z_and_y"},
    "standard prior": {"prior": "standard"},
    "no weight decay": {"weight_decay": 0.0},
    "omission noise 0.4": {"omission": 0.4},
    "coarse terms 0.5": {"coarse_weight": 0.5},
    "2 x 1000 ReLU, 200 latents (the paper's, recalled)": {
        "hidden_dims": (1000, 1000),
        "latent_dim": 200,
    },
}
# REFERENCES: negative conditional log-likelihoods that others publish, their protocols beside them.
PUBLISHED = """\
| published | 1 quadrant | 2 | 3 | protocol |
|---|---|---|---|---|
| Pyro, NN baseline | 100.4 | 61.9 | 25.4 | stopped on the test set |
| Pyro, CVAE | 71.8 | 51.0 | 24.2 | 10-sample -ELBO; frozen baseline; stopped on the test set |
| enhuiz/tzq-cvae, CVAE | 67.8 | | | importance sampling, 100 samples |
| Sohn 2015, NN (recalled) | 99.8 | 62.2 | 26.0 | |
| Sohn 2015, GSNN, Monte Carlo (recalled) | 99.8 | 62.4 | 26.3 | |
| Sohn 2015, CVAE, Monte Carlo (recalled) | 68.4 | 45.3 | 21.0 | |
| Sohn 2015, CVAE, importance sampling (recalled) | 63.9 | 44.7 | 21.0 | |
"""


def cells(quick: bool) -> dict[str, dict]:
    """Name -> settings beside those of the preset `structured`."""
    table = {
        f"{name} {observed} seed {seed}": {**settings, "observed": observed, "seed": seed}
        for name, settings in MODELS.items()
        for observed in (1, 2, 3)
        for seed in (range(3) if name == "CVAE" and not quick else range(1))
    }
    if not quick:
        for name, settings in ABLATIONS.items():
            table[f"CVAE 1, {name}"] = {**settings, "observed": 1}
    return table


def main() -> None:
    """Train what is missing, evaluate it once, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, few epochs, no ablation")
    parser.add_argument("--runs", type=Path, default=Path("runs/quadrants"))
    parser.add_argument("--only", help="cells whose name contains this text")
    arguments = parser.parse_args()
    data = condvae.load_data("mnist")
    figures = {}
    for name, settings in cells(arguments.quick).items():
        if arguments.only and arguments.only not in name:
            continue
        if arguments.quick:
            settings = {**settings, "epochs": 5}
        folder = arguments.runs / name.replace(" ", "-").replace(",", "")
        if arguments.quick:
            folder = folder.with_name(f"quick-{folder.name}")
        figures[name] = cell(data, folder, settings)
        row = figures[name]
        print(f"{name}: IS {row['importance']:.2f}, MC {row['monte_carlo']:.2f}", flush=True)
    if not arguments.quick and not arguments.only:
        Path("docs/quadrants.md").write_text(report(figures), encoding="utf-8")


def cell(data: condvae.Dataset, folder: Path, settings: dict) -> dict:
    """A run's figures on the test images; trained and evaluated where that is not done yet."""
    kept = folder / "quadrants.json"
    if kept.exists():
        return json.loads(kept.read_text())
    run = condvae.train(
        data, preset="structured", run_dir=folder, resume=True, **{**SPLIT, **settings}
    )
    if run.record.status != "finished":
        raise SystemExit(f"{folder} is {run.record.status}: start again to go on")
    result = conditional_likelihood(run, data, num_samples=100)
    row = {
        "importance": -result.importance.mean,
        "importance_error": result.importance.standard_error,
        "monte_carlo": -result.monte_carlo.mean,
        "seconds": run.record.figures.seconds,
        "epochs": run.record.figures.epochs,
        "comparability": result.comparability,
    }
    kept.write_text(json.dumps(row, indent=2))
    return row


def report(figures: dict[str, dict]) -> str:
    """docs/quadrants.md."""
    lines = [
        "# MNIST quadrants",
        "",
        "Written by `benchmarks/quadrants.py`. -log p(x | y) of the missing pixels in nats, lower",
        "is better: importance sampling (IS), Monte Carlo from the prior (MC), 100 samples each.",
        "",
        "| cell | IS | standard error | MC | epochs | seconds of training |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {row['importance']:.2f} | {row['importance_error']:.2f} | "
            f"{row['monte_carlo']:.2f} | {row['epochs']} | {row['seconds']:.0f} |"
            for name, row in figures.items()
        ),
        "",
        *sorted({f"- {row['comparability']}" for row in figures.values()}),
        "",
        PUBLISHED,
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
