"""Label maps of hidden signs: is a truth with two modes predicted with two modes?

Trains the preset `segmentation` and the deterministic network of the same settings on the generated
set `signs`, and compares them on its test pictures: log p(x | y), pixel accuracy, intersection over
union, and how often the samples behind a box show a round sign, where that probability is known.
Both are run folders: a benchmark that was stopped goes on where it was. Writes docs/label-maps.md
and docs/images/label-maps.png.

    python benchmarks/label_maps.py [--runs DIR]
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np

import condvae
from condvae.data.signs import Signs, signs
from condvae.data.sources import NUM_SIGNS
from condvae.evaluation import (
    ConditionalLikelihood,
    LabelMapQuality,
    conditional_likelihood,
    evaluate_label_maps,
)
from condvae.evaluation.trial import Trial
from condvae.runs import Run

NETWORKS = {"CVAE": {}, "deterministic": {"network": "deterministic"}}
NUM_DRAWS = 50


def main() -> None:
    """Train what is missing, evaluate, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/label-maps"))
    folder = parser.parse_args().runs
    data, drawn = condvae.load_data("signs"), signs(NUM_SIGNS, seed=0)
    runs = {
        name: condvae.train(data, run=folder / name, resume=True, **settings)
        for name, settings in NETWORKS.items()
    }
    for run in runs.values():
        if run.record.status != "finished":
            raise SystemExit(f"{run.path} is {run.record.status}: start again to go on")
    likelihoods = {name: conditional_likelihood(Trial.of(run, data)) for name, run in runs.items()}
    quality = {name: evaluate_label_maps(Trial.of(run, data)) for name, run in runs.items()}
    lines = [
        *heading(data),
        *table(runs, likelihoods, quality),
        *difference(likelihoods, drawn, data.test.rows),
        *modes(runs["CVAE"], data, drawn),
        "",
        f"- {likelihoods['CVAE'].comparability}",
        f"- {quality['CVAE'].comparability}",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    Path("docs/label-maps.md").write_text(text, encoding="utf-8")
    runs["CVAE"].plot("predictions", data).savefig("docs/images/label-maps.png", dpi=80)  # pyright: ignore[reportAttributeAccessIssue]


def heading(data: condvae.Dataset) -> list[str]:
    """What the page is about."""
    return [
        "# Label maps",
        "",
        "Written by `benchmarks/label_maps.py`: the generated set `signs` "
        f"({len(data.train.x):,} training, {len(data.validation.x):,} validation and "
        f"{len(data.test.x):,} test pictures of 64 × 64). A box hides half of the signs; the "
        "post's colour determines the probability that the hidden sign is round.",
        "",
        "The preset was changed after looking at test figures of earlier settings: these are not "
        "the figures of an untouched test set.",
        "",
        "![Pictures, true label maps, predictions and samples](images/label-maps.png)",
        "",
    ]


def table(
    runs: dict[str, Run],
    likelihoods: dict[str, ConditionalLikelihood],
    quality: dict[str, LabelMapQuality],
) -> list[str]:
    """A row for each network: nats a picture, accuracy, intersection over union."""
    lines = [
        "| network | -log p(x given y), importance sampling | Monte Carlo | pixel accuracy | "
        "mean IoU | seconds of training |",
        "|---|---|---|---|---|---|",
    ]
    for name, run in runs.items():
        by, figures = likelihoods[name], run.record.figures
        agreement = quality[name].mean or quality[name].guess
        assert agreement is not None
        assert figures is not None
        lines.append(
            f"| {name} | {-by.importance.mean:.2f} ± {by.importance.standard_error:.2f} | "
            f"{-by.monte_carlo.mean:.2f} ± {by.monte_carlo.standard_error:.2f} | "
            f"{agreement.pixel_accuracy:.4f} | {agreement.mean_iou:.4f} | {figures.seconds:.0f} |"
        )
    return lines


def difference(
    likelihoods: dict[str, ConditionalLikelihood], drawn: Signs, rows: np.ndarray
) -> list[str]:
    """By how many standard errors the CVAE is better, and what no model can know."""
    better = (
        likelihoods["CVAE"].importance.log_prob - likelihoods["deterministic"].importance.log_prob
    )
    error = better.std(ddof=1) / np.sqrt(len(better))
    return [
        "",
        f"The CVAE is better by {better.mean():.2f} ± {error:.2f} nats per picture "
        f"({better.mean() / error:.1f} standard errors, importance sampling). The entropy of "
        f"the true maps given the pictures is {drawn.entropy[rows].mean():.3f} nats, a lower limit "
        "for any model.",
    ]


def modes(run: Run, data: condvae.Dataset, drawn: Signs) -> list[str]:
    """How often samples behind a box are round, by the post's colour, beside the truth."""
    test = data.test
    hidden = drawn.hidden[test.rows]
    rows = test.rows[hidden]
    samples = run.model.predict(test.y[hidden], NUM_DRAWS).samples.argmax(axis=-1)
    square, round_ = np.moveaxis(drawn.alternatives[rows], 1, 0)
    fits = [(samples == shape[:, None]).mean(axis=(2, 3)) for shape in (square, round_)]
    lines = [
        "",
        f"Samples behind a box ({NUM_DRAWS} for each of {hidden.sum():,} test pictures), each "
        "assigned to the one of the two possible maps with which it agrees in more pixels "
        f"(in {np.median(np.maximum(*fits)):.2%} of them, median):",
        "",
        "| post | samples that are round | known probability |",
        "|---|---|---|",
    ]
    for colour, is_red in (("red", True), ("blue", False)):
        chosen = drawn.scenes.is_red[rows] == is_red
        rate = (fits[1] > fits[0])[chosen].mean()
        lines.append(f"| {colour} | {rate:.3f} | {drawn.probability_round[rows][chosen][0]:.1f} |")
    return lines


if __name__ == "__main__":
    main()
