"""Few labels on MNIST: the error of q(y | x) with 100, 600, 1,000 and 3,000 of them.

Five draws of the labels for each number, the preset `semi_supervised`; 54,000 training images, all
but the drawn ones without a label, 6,000 validation images, whose labels nothing reads, and the
10,000 test images, looked at once by each run, at its end. Beside them M2's own networks, one draw
each, judged by the validation images. Every cell is a run folder, and a row of
benchmarks/results/semi-supervised.json when it is done, so that an interrupted benchmark continues
where it stopped. docs/semi-supervised.md is rewritten after each cell.

    CONDVAE_DATA=DIR python benchmarks/semi_supervised.py [--runs DIR] [--only TEXT]
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
from cells import Cells, folder_name

import condvae
from condvae.evaluation import evaluate_classifier
from condvae.evaluation.trial import Trial

NUM_LABELLED = (100, 600, 1_000, 3_000)
DRAWS = range(5)
# p(x | z, y) p(z) in place of p(x | z) p(z | y): ten decodings for each image
M2 = {"prior": "standard", "decoder_sees": "z_and_y"}

# REFERENCES: test errors in %, each on labels of its own draw
PUBLISHED = {
    "M2 (Kingma et al. 2014)": (11.97, 4.94, 3.60, 3.92),
    "M1+M2 (Kingma et al. 2014)": (3.33, 2.59, 2.40, 2.18),
    "SS-VAE (Pyro's example)": (6.81, 5.63, 5.13, 4.18),
}
PROTOCOL = """\
The labels: the same number for each digit, drawn from the 54,000 training images (seed of the
draw: 0 to 4; the settings were chosen with seeds from 100 on). All other training images have
no label. The epoch with the best bound on log p(x) of the 6,000 validation images is kept; training
does not read the labels of these images, so that no labels are used but those that are
counted. Test error: share of the 10,000 test images whose most probable class by q(y given x) is
wrong; the mean of five draws ± their standard deviation.

The objective is that of Kingma et al. 2014 (M2, eq. 6 to 9), exactly summed over the ten classes.
The model differs: x depends on z alone, p(x given z), and z on the class by a flow, p(z given
y), where M2 has p(x given z, y) p(z). The image is then encoded and decoded once, not ten times.
The published figures have other splits, draws of the labels and training times.
"""


def settings_by_cell() -> dict[str, dict]:
    """Name -> settings beside those of the preset."""
    table = {
        f"{count} labels, draw {draw}": {"labelled": count, "labelled_seed": draw}
        for draw in DRAWS
        for count in NUM_LABELLED
    }
    m2 = {"labelled": 100, "labelled_seed": 0, **M2}
    return {**table, "100 labels, M2's own networks": m2}


def main() -> None:
    """Train what is missing, evaluate it once, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/semi-supervised"))
    parser.add_argument("--only", default="", help="cells whose name contains this text")
    arguments = parser.parse_args()
    cells, data = Cells("semi-supervised", settings_by_cell()), condvae.load_data("mnist")
    for name, settings in cells.settings.items():
        if arguments.only in name and name not in cells.rows():
            row = cell(data, arguments.runs / folder_name(name), settings)
            cells.keep(name, row)
            cells.write_page(report(cells.rows()))
            print(f"{name}: {row['split']} error {row['error']:.2%}", flush=True)


def cell(data: condvae.Dataset, folder: Path, settings: dict) -> dict:
    """A run's error; trained and evaluated where that is not done yet."""
    run = condvae.train(data, preset="semi_supervised", run=folder, resume=True, **settings)
    if run.record.status != "finished":
        raise SystemExit(f"{folder} is {run.record.status}: start again to go on")
    split = "validation" if "prior" in settings else "test"
    result, figures = evaluate_classifier(Trial.of(run, data), split), run.record.figures
    return {
        "labelled": result.num_labelled,
        "split": split,
        "error": result.error,
        "elbo": figures.val_elbo,
        "epoch": figures.best_epoch,
        "seconds": figures.seconds,
        "comparability": result.comparability,
    }


def report(figures: dict[str, dict]) -> str:
    """docs/semi-supervised.md: errors by the number of labels, the protocol, every cell."""
    counts = [f"{count:,}" for count in NUM_LABELLED]
    ours = []
    for count in NUM_LABELLED:
        errors = [
            100 * row["error"]
            for row in figures.values()
            if (row["labelled"], row["split"]) == (count, "test")
        ]
        spread = f" ± {np.std(errors, ddof=1):.2f}" if len(errors) > 1 else ""
        ours.append(f"{np.mean(errors):.2f}{spread} ({len(errors)})" if errors else "")
    lines = [
        "# Few labels on MNIST",
        "",
        "Written by `benchmarks/semi_supervised.py`. Test error in %, lower is better, by the",
        "number of labels; the number of draws in brackets.",
        "",
        f"| | {' | '.join(counts)} |",
        "|---|---|---|---|---|",
        f"| preset `semi_supervised` | {' | '.join(ours)} |",
        *(
            f"| {name} | {' | '.join(f'{error:.2f}' for error in errors)} |"
            for name, errors in PUBLISHED.items()
        ),
        "",
        PROTOCOL,
        "## All runs",
        "",
        "−ELBO of the validation images without their labels, in nats. Seconds of training, on",
        "one CPU core.",
        "",
        "| cell | split | error | validation −ELBO | epoch | seconds |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {row['split']} | {row['error']:.2%} | {-row['elbo']:.2f} | "
            f"{row['epoch']} | {row['seconds']:.0f} |"
            for name, row in figures.items()
        ),
        "",
        *sorted({f"- {row['comparability']}" for row in figures.values()}),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
