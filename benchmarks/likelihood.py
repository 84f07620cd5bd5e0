"""The best density: -log p(x | y) of binarised MNIST digits given their class, by IWAE-5000.

Trains the preset `likelihood`, and `wide` on binarised pixels beside it, and evaluates each on the
10,000 test images, once; `likelihood-large` only where Keras has a GPU. Also: how much the draw of
the binarisation matters; and an ablation of `likelihood`, each row one change, trained shorter and
judged by the validation images. Fashion-MNIST too where its files are at hand. Every row is a run
folder, and kept in benchmarks/results/likelihood.json when it is done, so that an interrupted
benchmark continues where it stopped. docs/likelihood.md is rewritten after each row.

    CONDVAE_DATA=DIR python benchmarks/likelihood.py [--runs DIR] [--only TEXT]
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from cells import Cells, folder_name

import condvae
from condvae.checks import InputError
from condvae.data import Dataset
from condvae.files.atomic import atomic_path
from condvae.metrics.latent import active_units
from condvae.metrics.log_mean_exp import LogProbEstimate
from condvae.runs import Run

NUM_SAMPLES = 5_000
BLOCK = 1_000
ARRAYS = ("log_prob", "effective_samples", "mean_log_weight")
# the draws of the binarisation beside the first, and the samples spent on each
MORE_DRAWS, DRAW_SAMPLES = (1, 2, 3), 100
PRESETS = {
    "likelihood": {},
    "wide, binarised": {"pixels": "dynamic"},
    "likelihood-large": {},
}
SHORT = {"epochs": 12, "validation": 0.1}
ABLATION_IMAGES, ABLATION_SAMPLES = 2_000, 200
ABLATIONS = {
    "as it is": {},
    "prior: standard normal": {"prior": "standard"},
    "prior: Normal given y": {"prior": "conditional"},
    "prior: VampPrior given y, 10 components": {"prior": "vampprior", "pseudo_inputs": 10},
    "prior: the flow without y": {"prior_sees": "nothing"},
    "prior: a ladder of five groups": {
        "prior": "ladder",
        "latent_groups": (8,) * 5,
        "coupling_dims": (256, 256),
    },
    "K: 1, the ELBO": {"num_samples": 1, "gradient": "standard"},
    "K: 2, standard gradient": {"gradient": "standard"},
    "K: 3": {"num_samples": 3},
    "K: 5": {"num_samples": 5},
    "depth: one residual block": {"hidden_dims": (512,)},
    "depth: three residual blocks": {"hidden_dims": (512, 512, 512)},
    "networks: plain layers": {"architecture": "mlp"},
    "warm-up of beta: none": {"beta_warmup": 0.0},
    "EMA: 0.998": {"ema": 0.998},
    "weight decay: none": {"weight_decay": 0.0},
}

PUBLISHED = """\
There is no published −log p(x given y) of a conditional VAE on MNIST. Derived from published
unconditional figures on dynamically binarised digits, by NLL(x given y) = NLL(x) − 2.303 +
CE(y given x), importance samples between 1,000 and 5,000: MLP VAE about 82.2, with VampPrior 80.2,
ConvHVAE with VampPrior 77.4, ResNet VAE with a RealNVP prior 76.2. They give an orientation only,
since their draws of the binarisation differ from ours.
"""
BINARISATION = """\
The model binarises the pixels again whenever it sees an image. A figure on the test images uses
one seeded draw of our own for each image, the same for all samples of z; this is not the
file of fixed binary digits by Larochelle & Murray, for which figures are about 2 nats better or
worse, and which is a different problem.
"""


def main() -> None:
    """Train what is missing, evaluate it once, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/likelihood"))
    parser.add_argument("--only", default="", help="rows whose name contains this text")
    arguments = parser.parse_args()
    sets = {"MNIST": condvae.load_data("mnist")}
    try:
        sets["Fashion-MNIST"] = condvae.load_data("fashion_mnist")
    except InputError as error:
        print(error)
    cells = Cells("likelihood", settings_by_cell(sets))
    for name, settings in cells.settings.items():
        if arguments.only in name and name not in cells.rows():
            row = evaluate_cell(sets, arguments.runs / folder_name(name), name, settings)
            cells.keep(name, row)
            cells.write_page(report(cells.rows()))
            print(f"{name}: {row['nll']:.2f}", flush=True)


def settings_by_cell(sets: dict[str, Dataset]) -> dict[str, dict]:
    """Name -> data set, preset and settings; presets first."""
    devices = keras.distribution.list_devices()
    has_gpu = any(device.startswith(("gpu", "cuda")) for device in devices)
    rows: dict[str, dict] = {}
    for of in sets:
        for name, settings in PRESETS.items():
            if has_gpu or name != "likelihood-large":
                preset = name.split(",")[0]
                rows[f"{of}: {name}"] = {"set": of, "preset": preset, **settings}
    for name, settings in ABLATIONS.items():
        rows[f"ablation: {name}"] = {"set": "MNIST", "preset": "likelihood", **SHORT, **settings}
    return rows


def evaluate_cell(sets: dict[str, Dataset], path: Path, name: str, settings: dict) -> dict:
    """A run's figures; trained where that is not done yet."""
    settings = dict(settings)
    data = sets[settings.pop("set")]
    run = condvae.train(data, run=path, resume=True, **settings)
    if run.record.status != "finished":
        raise SystemExit(f"{path} is {run.record.status}: start again to go on")
    if name.startswith("ablation"):
        return figures(run, data, "validation", ABLATION_IMAGES, ABLATION_SAMPLES)
    row = figures(run, data, "test", None, NUM_SAMPLES)
    test = run.check_data(data).test
    draws = [
        run.model.log_prob(test.x, run.conditions(test), DRAW_SAMPLES, seed=seed)
        for seed in (0, *MORE_DRAWS)
    ]
    return row | {"draws": [-float(draw.mean()) for draw in draws]}


def estimate_in_blocks(
    run: Run, x: np.ndarray, y: np.ndarray, num_samples: int, split: str
) -> LogProbEstimate:
    """As `estimate_log_prob`, a thousand images after the other, each block kept in the run.

    A block's seed, of z and of the binarisation, is its number.
    """
    blocks = []
    for number, first in enumerate(range(0, len(x), BLOCK)):
        file = run.path / f"iwae-{num_samples}-{split}-{number}.npz"
        if not file.exists():
            rows = slice(first, first + BLOCK)
            part = run.model.estimate_log_prob(x[rows], y[rows], num_samples, seed=number)
            arrays = {name: getattr(part, name) for name in ARRAYS}
            with atomic_path(file) as fresh:
                np.savez(fresh, **arrays)
            print(f"{file}: {-part.mean:.2f}", flush=True)
        with np.load(file) as stored:
            blocks.append({name: stored[name] for name in ARRAYS})
    joined = {name: np.concatenate([block[name] for block in blocks]) for name in ARRAYS}
    return LogProbEstimate(**joined, num_samples=num_samples)


def figures(run: Run, data: Dataset, split: str, num_images: int | None, num_samples: int) -> dict:
    """The bounds on a split's first images and what they cost."""
    images = getattr(run.check_data(data), split)
    x, y = images.x[:num_images], run.conditions(images)[:num_images]
    estimate = estimate_in_blocks(run, x, y, num_samples, split)
    mean, _ = run.model.encode(x, y)
    found = run.record.figures
    assert found is not None
    of = "each image" if num_images is None else f"each of the first {num_images:,} images"
    return {
        "nll": -estimate.mean,
        "standard_error": estimate.standard_error,
        "sampling_error": float(np.sqrt((estimate.sampling_error**2).mean() / len(x))),
        "effective_samples": float(np.median(estimate.effective_samples)),
        "num_samples": num_samples,
        "elbo": -float(estimate.mean_log_weight.mean()),
        "active_units": int(active_units(mean).sum()),
        "latents": run.model.latent_dim,
        "epochs": found.epochs,
        "seconds": found.seconds,
        "comparability": run.comparability(
            split, f"one draw of the binarisation; IWAE, {num_samples:,} draws of z for {of}"
        ),
    }


def report(done: dict[str, dict]) -> str:
    """docs/likelihood.md of the rows that are done."""
    presets = {name: row for name, row in done.items() if not name.startswith("ablation")}
    ablation = {
        name.removeprefix("ablation: "): row
        for name, row in done.items()
        if name.startswith("ablation")
    }
    lines = [
        "# The density of digits given their class",
        "",
        "Written by `benchmarks/likelihood.py`. −log p(x given y) in nats, lower is better: an",
        "upper bound by importance sampling from the posterior (IWAE, Burda et al. 2016), which",
        "tightens with the number of samples K. −ELBO: the same bound with one sample. ± is the",
        "standard error over the images; effective samples are the median over the images. Seconds",
        "of training, on two CPU cores; for the ablation below, on one.",
        "",
        "| run | −ELBO | IWAE | K | effective | active units | epochs | seconds |",
        "|---|---|---|---|---|---|---|---|",
        *(table_row(name, row) for name, row in presets.items()),
    ]
    if not any("likelihood-large" in name for name in presets):
        lines.append("| MNIST: likelihood-large | not measured: no GPU was available | | | | | | |")
    lines += ["", BINARISATION]
    for name, row in presets.items():
        shown = ", ".join(f"{value:.2f}" for value in row["draws"])
        lines += [f"{name}, IWAE-{DRAW_SAMPLES} on four draws of the binarisation: {shown}.", ""]
    lines += [PUBLISHED]
    if ablation:
        lines += [
            "## What each part contributes",
            "",
            f"Each row changes one setting of `likelihood` trained for {SHORT['epochs']} epochs on",
            "54,000 images, evaluated on validation images: the test images stay unseen.",
            "All rows use the same images: differences are more certain than each ± suggests.",
            "",
            "| change | −ELBO | IWAE | K | effective | active units | epochs | seconds |",
            "|---|---|---|---|---|---|---|---|",
            *(table_row(name, row) for name, row in ablation.items()),
            "",
        ]
    lines += sorted({f"- {row['comparability']}" for row in done.values()})
    return "\n".join(lines) + "\n"


def table_row(name: str, row: dict) -> str:
    """One line of either table."""
    return (
        f"| {name} | {row['elbo']:.2f} | {row['nll']:.2f} ± {row['standard_error']:.2f} | "
        f"{row['num_samples']:,} | {row['effective_samples']:.1f} | "
        f"{row['active_units']} of {row['latents']} | {row['epochs']} | {row['seconds']:.0f} |"
    )


if __name__ == "__main__":
    main()
