"""Tables: do generated rows train a model as well as real ones?

The sets that scikit-learn embeds, each by one command: `condvae train NAME`, then `condvae evaluate
RUN`. Wine, breast cancer and diabetes are tables; the digits are images (`condvae train digits
--latent-dim 16`: the default's two latents are for looking at), whose drawn pixels stand as columns
for the same test. Three split seeds each, since the test splits are small.
Writes docs/tables.md.

    python benchmarks/tables.py [--runs DIR]
"""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np

import condvae
from condvae.evaluation import evaluate_table
from condvae.evaluation.trial import Trial
from condvae.metrics.tables.transfer import Score, train_on_synthetic
from condvae.runs import Run

SEEDS = (0, 1, 2)
SETTINGS = {"digits": {"latent_dim": 16}}
DRAWS = 2  # images for each real one


def main() -> None:
    """Train what is missing, evaluate, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/tables"))
    folder = parser.parse_args().runs
    lines = [
        "# Tables",
        "",
        "Written by `benchmarks/tables.py`. A random forest trained on real rows and on generated",
        "ones, both tested on the same real test rows (a fifth of all); mean over three splits ±",
        "the standard error of the difference. Distances to the training rows: mean",
        "Kolmogorov-Smirnov statistic or total variation of the columns, mean absolute difference",
        "of their associations.",
        "Digits: 16 latents, drawn pixels, two images for each real one.",
        "",
        "| set | measure | trained on real | on generated | difference | columns | associations |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in ("wine", "breast_cancer", "diabetes", "digits"):
        scores, distances = [], []
        for seed in SEEDS:
            data = condvae.load_data(name, split_seed=seed)
            run = condvae.train(
                data, run=folder / f"{name}-{seed}", resume=True, **SETTINGS.get(name, {})
            )
            if run.record.status != "finished":
                raise SystemExit(f"{run.path} is {run.record.status}: start again to go on")
            if data.table is None:
                scores.append(of_images(run, data))
                continue
            quality = evaluate_table(Trial.of(run, data))
            scores.append(next(iter(quality.prediction.transfers.values()))["forest"].scores)
            generated = quality.likeness.generated
            distances.append((generated.marginal, generated.correlation))
        lines.append(row(name, scores, distances))
        print(lines[-1], flush=True)
    Path("docs/tables.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def of_images(run: Run, data: condvae.Dataset) -> Mapping[str, Score]:
    """The same test on images, drawn label by label as often as they occur."""
    data = run.check_data(data)
    train, test = data.train, data.test
    y = np.tile(train.y, DRAWS)
    x = run.model.generate(y, sample=True, seed=0)
    return train_on_synthetic(
        columns(train.x / 255.0, train.y),
        columns(x, y),
        columns(test.x / 255.0, test.y),
        "label",
        classify=True,
    ).scores


def columns(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Pixels as columns, and the label."""
    flat = x.reshape(len(x), -1).astype("float64")
    return {"label": y.astype("float64"), **{f"{i}": flat[:, i] for i in range(flat.shape[1])}}


def row(name: str, scores: list[Mapping[str, Score]], distances: list[tuple[float, float]]) -> str:
    """A line of the table."""
    metric = "accuracy" if "accuracy" in scores[0] else "R²"
    real, synthetic = (
        np.asarray([getattr(score[metric], of) for score in scores]) for of in ("real", "synthetic")
    )
    difference = synthetic - real
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    far = [f"{value:.3f}" for value in np.mean(distances, axis=0)] if distances else ["", ""]
    return (
        f"| {name} | {metric} | {real.mean():.3f} | {synthetic.mean():.3f} | "
        f"{difference.mean():+.3f} ± {error:.3f} | {' | '.join(far)} |"
    )


if __name__ == "__main__":
    main()
