"""What samples gain and lose by the options of `condvae generate`.

For each way of drawing: whether the label is found, the distance to real images, precision, recall,
the share of fine detail, copies, and with --score the classification accuracy score, beside real
images. The judge sees patches; the features of `train --perceptual` are convolutions.

python benchmarks/guidance.py runs/photos --guidance 0 1 2 4 --temperature 1 0.8 [--score]
python benchmarks/guidance.py runs/photos --prior encodings --texture --guidance 0 --score

With --pictures it judges the ways of TRADE_OFF, and draws docs/images/trade-off.png and some
samples, docs/images/photographs.jpg.
"""

import argparse
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

import condvae
from condvae.evaluation.accuracy_score import score_accuracy
from condvae.evaluation.detail import detail_of_samples
from condvae.evaluation.samples import SampleQuality, evaluate_samples
from condvae.evaluation.trial import Trial
from condvae.figures.figure import FONT_SIZE, Figure, as_picture, distinct_colours
from condvae.runs.drawing import Drawing

IMAGES = Path(__file__).parents[1] / "docs" / "images"
GUIDANCE = (0.0, 1.0, 2.0, 4.0)
TRADE_OFF = {
    "model's prior, guidance 0 to 4": [Drawing(guidance=guidance) for guidance in GUIDANCE],
    "encodings, guidance 0 to 4": [Drawing("encodings", guidance=g) for g in GUIDANCE],
    "encodings, texture, temperature 1 and 0.7": [
        Drawing("encodings", texture=True, temperature=temperature) for temperature in (1.0, 0.7)
    ],
}
SHOWN = ("ship", "automobile", "horse", "airplane")  # of which there are samples in the picture
NUM_SHOWN = 10


def main() -> None:
    """A row for each way of drawing, and one of real images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--guidance", type=float, nargs="+", default=GUIDANCE)
    parser.add_argument("--temperature", type=float, nargs="+", default=[1.0])
    parser.add_argument("--prior", choices=["model", "encodings"], default="model")
    parser.add_argument("--texture", action="store_true")
    parser.add_argument(
        "--score", action="store_true", help="the classification accuracy score too"
    )
    parser.add_argument("--pictures", action="store_true")
    args = parser.parse_args()
    run = condvae.Run.open(args.run)
    trial = Trial.of(run, run.load_data())
    settings = product(args.temperature, args.guidance)
    ways = {"": [Drawing(args.prior, args.texture, *both) for both in settings]}
    judged = judge(trial, TRADE_OFF if args.pictures else ways, args.score)
    if args.pictures:
        draw_trade_off(judged)
        draw_samples(trial)


def judge(
    trial: Trial, ways: dict[str, list[Drawing]], with_score: bool
) -> dict[str, list[SampleQuality]]:
    """The samples of each way; prints a table."""
    names = ("frechet", "precision", "recall", "coverage")
    titles = ("drawn by", "label found", *names, "detail", "copies", "score")
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    judged: dict[str, list[SampleQuality]] = {name: [] for name in ways}
    ceiling, test = "", trial.data.test
    for name, drawing in ((name, drawing) for name, of_name in ways.items() for drawing in of_name):
        trial = replace(trial, drawing=drawing)
        found, score = evaluate_samples(trial), ""
        judged[name].append(found)
        if with_score:
            scores = score_accuracy(trial)
            score, ceiling = f"{scores.generated:.1%}", f"{scores.real:.1%}"
        detail = detail_of_samples(trial, test.x[:], np.asarray(test.y))
        measures = " | ".join(f"{getattr(found.generated, name):.3f}" for name in names)
        copies = f"{found.memorisation.closer_share:.1%}"
        print(
            f"| {found.drawn or 'default'} | {found.mean_label_accuracy:.1%} | {measures} "
            f"| {detail.share:.1%} | {copies} | {score} |",
            flush=True,
        )
    measures = " | ".join(f"{getattr(found.real, name):.3f}" for name in names)
    print(f"| real images | {found.real_accuracy:.1%} | {measures} | | 1.0% | {ceiling} |")
    print(found.comparability)
    return judged


def draw_trade_off(judged: dict[str, list[SampleQuality]]) -> None:
    """Labels found, and recall, against the Fréchet distance: a line for each kind of draws."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    panels = {
        "label found": lambda found: (found.mean_label_accuracy, found.real_accuracy),
        "recall": lambda found: (found.generated.recall, found.real.recall),
    }
    colours, real = distinct_colours(len(judged)), next(iter(judged.values()))[0]
    for axes, (title, values) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        for colour, (name, quality) in zip(colours, judged.items(), strict=True):
            distances = [found.generated.frechet for found in quality]
            heights = [values(found)[0] for found in quality]
            axes.plot(distances, heights, "o-", color=colour, markersize=4, label=name)
            # the first of each line
            axes.plot(distances[:1], heights[:1], "o", color=colour, markersize=8)
        axes.plot(real.real.frechet, values(real)[1], "k*", markersize=10, label="real images")
        axes.set_xlim(left=0)
        axes.set_ylim(0, 0.8)
        axes.set_xlabel("Fréchet distance (lower is better)", fontsize=FONT_SIZE)
        axes.set_ylabel(f"{title} (higher is better)", fontsize=FONT_SIZE)
        axes.tick_params(labelsize=FONT_SIZE - 1)
    figure.axes[1].legend(fontsize=FONT_SIZE - 1)
    figure.savefig(IMAGES / "trade-off.png", dpi=100)


def draw_samples(trial: Trial) -> None:
    """A row of samples for each of some labels, drawn from encodings, with texture."""
    trial = replace(trial, drawing=Drawing("encodings", texture=True))
    x = trial.generate(np.repeat(SHOWN, NUM_SHOWN)).reshape(len(SHOWN), NUM_SHOWN, 32, 32, -1)
    figure = Figure(figsize=(9, 3.9), layout="constrained")
    for row, label in zip(figure.subplots(len(SHOWN), NUM_SHOWN), SHOWN, strict=True):
        for axes, image in zip(row, x[SHOWN.index(label)], strict=True):
            axes.imshow(image)
            axes.set_xticks([])
            axes.set_yticks([])
        row[0].set_ylabel(label, fontsize=FONT_SIZE)
    picture = Image.fromarray(as_picture(figure, dpi=90))
    picture.save(IMAGES / "photographs.jpg", quality=90)


if __name__ == "__main__":
    main()
