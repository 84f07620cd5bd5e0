"""What samples gain and lose by `generate --guidance` and `--temperature`.

python benchmarks/guidance.py runs/photos --guidance 0 1 2 4 --temperature 1 0.8 [--score]
"""

import argparse
from pathlib import Path

import condvae
from condvae.evaluation.accuracy_score import score_accuracy
from condvae.evaluation.samples import evaluate_samples
from condvae.evaluation.trial import Trial


def main() -> None:
    """A row for each pair of settings, and one of real images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--guidance", type=float, nargs="+", default=[0.0, 1.0, 2.0, 4.0])
    parser.add_argument("--temperature", type=float, nargs="+", default=[1.0])
    parser.add_argument(
        "--score", action="store_true", help="the classification accuracy score too"
    )
    args = parser.parse_args()
    run = condvae.Run.open(args.run)
    trial = Trial.of(run, run.load_data())
    names = ("frechet", "precision", "recall", "coverage")
    print("| guidance | temperature | label accuracy | " + " | ".join(names) + " | score |")
    print("|---|---|---|" + "---|" * (len(names) + 1))
    real, ceiling = None, ""
    for temperature in args.temperature:
        for guidance in args.guidance:
            how = {"temperature": temperature, "guidance": guidance}
            found, score = evaluate_samples(trial, **how), ""
            if args.score:
                scores = score_accuracy(trial, **how)
                score, ceiling = f"{scores.generated:.1%}", f"{scores.real:.1%}"
            measures = " | ".join(f"{getattr(found.generated, name):.3f}" for name in names)
            print(
                f"| {guidance:g} | {temperature:g} | {found.mean_label_accuracy:.1%} | {measures} "
                f"| {score} |",
                flush=True,
            )
            real = found
    if real is not None:
        measures = " | ".join(f"{getattr(real.real, name):.3f}" for name in names)
        print(f"| real images | | {real.real_accuracy:.1%} | {measures} | {ceiling} |")
        print(real.comparability)


if __name__ == "__main__":
    main()
