"""What samples gain and lose by the options of `condvae generate`.

For each way of drawing: whether the label is found, the distance to real images, precision, recall,
the share of fine detail, the share closer to a training image than 99 % of held-out images are, and
with --score the classification accuracy score, beside real images.
The judge sees patches; the features of `train --perceptual` are convolutions.

python benchmarks/guidance.py runs/photos --guidance 0 1 2 4 --temperature 1 0.8 [--score]
python benchmarks/guidance.py runs/photos --prior encodings --texture --guidance 0 --score
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

import condvae
from condvae.evaluation.accuracy_score import score_accuracy
from condvae.evaluation.detail import detail_of_samples
from condvae.evaluation.drawing import Drawing
from condvae.evaluation.samples import evaluate_samples
from condvae.evaluation.trial import Trial


def main() -> None:
    """A row for each pair of settings, and one of real images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--guidance", type=float, nargs="+", default=[0.0, 1.0, 2.0, 4.0])
    parser.add_argument("--temperature", type=float, nargs="+", default=[1.0])
    parser.add_argument("--prior", choices=["model", "encodings"], default="model")
    parser.add_argument("--texture", action="store_true")
    parser.add_argument(
        "--score", action="store_true", help="the classification accuracy score too"
    )
    args = parser.parse_args()
    run = condvae.Run.open(args.run)
    trial = Trial.of(run, run.load_data())
    names = ("frechet", "precision", "recall", "coverage")
    way = args.prior + ", texture" * args.texture
    titles = (
        "z from",
        "guidance",
        "temperature",
        "label found",
        *names,
        "detail",
        "copies",
        "score",
    )
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    real, ceiling = None, ""
    for temperature in args.temperature:
        for guidance in args.guidance:
            drawing = Drawing(args.prior, args.texture, temperature, guidance)
            trial = replace(trial, drawing=drawing)
            found, score = evaluate_samples(trial), ""
            if args.score:
                scores = score_accuracy(trial)
                score, ceiling = f"{scores.generated:.1%}", f"{scores.real:.1%}"
            test = trial.data.test
            detail = detail_of_samples(trial, test.x[:], np.asarray(test.y))
            measures = " | ".join(f"{getattr(found.generated, name):.3f}" for name in names)
            copies = f"{found.memorisation.closer_share:.1%}"
            print(
                f"| {way} | {guidance:g} | {temperature:g} | {found.mean_label_accuracy:.1%} "
                f"| {measures} | {detail.share:.1%} | {copies} | {score} |",
                flush=True,
            )
            real = found
    if real is not None:
        measures = " | ".join(f"{getattr(real.real, name):.3f}" for name in names)
        print(f"| real images | | | {real.real_accuracy:.1%} | {measures} | | 1.0% | {ceiling} |")
        print(real.comparability)


if __name__ == "__main__":
    main()
