"""Time against batch size, latent size, hidden size and number of rows; draws a figure of it.

A training step of the notebook's kind of model (28 × 28 pixels, one hidden layer; 250 rows, 512
hidden units and 2 latents where they do not vary), and an epoch by Keras's `fit` of generated
images of 14 × 14 with 64 hidden units, in batches of 1,000. All points in turn, medians. Each
curve is compared with the straight line a + b n that is nearest to it in relative terms, its last
three points with a power of n. Writes its section of docs/performance.md and
docs/images/growth.png.

    python benchmarks/growth.py [--rounds 5] [--most 1000000]
"""

import argparse
import os
import statistics
from collections.abc import Callable
from itertools import repeat

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np
from floor import machine, seconds_of
from sections import PAGE, write_section
from steps import stepping

import condvae
from condvae.figures.figure import FONT_SIZE, Figure, distinct_colours
from condvae.models import build_model, build_optimizer
from condvae.spec import Signature
from condvae.training.feed import Feed

PICTURE = PAGE.parent / "images" / "growth.png"
SIZES = {
    "batch size": (125, 250, 500, 1_000, 2_000, 4_000),
    "latent size": (2, 8, 32, 128, 512, 1_024),
    "hidden size": (128, 256, 512, 1_024, 2_048, 4_096),
    "rows": (1_000, 10_000, 100_000, 1_000_000),
}
STRAIGHT = 0.2  # the relative distance from a line that is still called linear
STEPS = 4
Curve = dict[int, list[float]]  # seconds of each round by size


def model_of(side: int, hidden: int, latents: int) -> condvae.CVAE:
    """A compiled model for grey images of ten classes."""
    spec = condvae.Spec().override(hidden_dims=(hidden,), latent_dim=latents)
    model = build_model(spec, Signature((side, side, 1), (10,)))
    model.compile(optimizer=build_optimizer(spec, 1_000))
    return model


def images(count: int, side: int) -> dict[str, np.ndarray]:
    """Random ones, with codes of classes."""
    x = np.random.default_rng(0).integers(0, 256, (count, side, side, 1), dtype="uint8")
    return {"x": x, "y": (np.arange(count) % 10).astype("int32")}


def step_of(batch: int, latents: int, hidden: int) -> Callable[[], float]:
    """Seconds of a training step."""
    run, rows = stepping(model_of(28, hidden, latents)), jax.device_put(images(batch, 28))
    return lambda: seconds_of(lambda: run(repeat(rows, STEPS)), least=0.2) / STEPS


def epoch_of(count: int) -> Callable[[], float]:
    """Seconds of an epoch."""
    model, data = model_of(14, 64, 2), images(count, 14)
    feed = Feed(data["x"], data["y"], 1_000, seed=0)
    return lambda: seconds_of(lambda: keras.Model.fit(model, feed, shuffle=False, verbose=0))


def main() -> None:
    """Run all points in turn, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--most", type=int, default=SIZES["rows"][-1], help="rows")
    arguments = parser.parse_args()
    makers = {
        "batch size": lambda size: step_of(size, 2, 512),
        "latent size": lambda size: step_of(250, size, 512),
        "hidden size": lambda size: step_of(250, 2, size),
        "rows": epoch_of,
    }
    sizes = {**SIZES, "rows": [size for size in SIZES["rows"] if size <= arguments.most]}
    works = {(name, size): makers[name](size) for name in makers for size in sizes[name]}
    curves: dict[str, Curve] = {name: {size: [] for size in sizes[name]} for name in makers}
    for turn in range(arguments.rounds + 1):
        for (name, size), work in works.items():
            seconds = work()
            if turn:  # the first one compiles
                curves[name][size].append(seconds)
    medians = {
        name: {size: statistics.median(seconds) for size, seconds in curve.items()}
        for name, curve in curves.items()
    }
    draw(medians)
    write_section("Growth", report(medians))


def line(curve: dict[int, float]) -> tuple[float, float, float]:
    """a and b of the line a + b n, and its greatest relative distance from the curve."""
    sizes, seconds = np.array(list(curve), "float64"), np.array(list(curve.values()))
    columns = np.stack([1 / seconds, sizes / seconds], axis=1)
    (a, b), *_ = np.linalg.lstsq(columns, np.ones(len(sizes)))
    return a, b, abs((a + b * sizes) / seconds - 1).max()


def exponent(curve: dict[int, float]) -> float:
    """p of the power n^p through the last three points."""
    sizes, seconds = (np.log(list(values)[-3:]) for values in (curve, curve.values()))
    return np.polyfit(sizes, seconds, 1)[0]


def draw(curves: dict[str, dict[int, float]]) -> None:
    """Four small curves with their lines."""
    figure = Figure(figsize=(9, 2.3), layout="constrained")
    for axes, (name, curve) in zip(figure.subplots(1, len(curves)), curves.items(), strict=True):
        a, b, _ = line(curve)
        sizes = np.geomspace(min(curve), max(curve), 100)
        axes.loglog(sizes, 1e3 * (a + b * sizes), color="gray", linewidth=1)
        milliseconds = [1e3 * seconds for seconds in curve.values()]
        axes.loglog(list(curve), milliseconds, "o", markersize=4, color=distinct_colours(1)[0])
        ends = list(curve)[:: len(curve) - 1]
        axes.set_xticks(ends, [f"{size:,}" for size in ends])
        bottom, top = np.log10([1e3 * min(curve.values()), 1e3 * max(curve.values())])
        powers = 10.0 ** np.arange(np.floor(bottom), np.ceil(top) + 1)
        axes.set_yticks(powers, [f"{power:g}" for power in powers])
        axes.minorticks_off()
        axes.set_title(name, fontsize=FONT_SIZE)
        axes.tick_params(labelsize=FONT_SIZE - 1)
    figure.axes[0].set_ylabel("milliseconds a step", fontsize=FONT_SIZE)
    figure.axes[-1].set_ylabel("milliseconds an epoch", fontsize=FONT_SIZE)
    figure.savefig(PICTURE, dpi=100)


def report(curves: dict[str, dict[int, float]]) -> list[str]:
    """The section."""
    lines = []
    for name, curve in curves.items():
        a, b, distance = line(curve)
        verdict = "linear" if distance <= STRAIGHT else "not linear here"
        lines.append(
            f"| {name} | {min(curve):,} to {max(curve):,} | {1e3 * a:.3g} ms + {1e6 * b:.3g} µs n "
            f"| {distance:.0%} | {exponent(curve):.2f} | {verdict} |"
        )
    return [
        "By `benchmarks/growth.py`: a training step (an epoch, for rows) against each size alone.",
        f"Linear: no point is over {STRAIGHT:.0%} off the line a + b n. The exponent is that of",
        "the last three points: below 1 where what does not grow still counts.",
        "",
        "![Seconds against batch size, latent size, hidden size and rows, with straight lines]"
        "(images/growth.png)",
        "",
        "| size n | from, to | line | farthest point | exponent | |",
        "|---|---|---|---|---|---|",
        *lines,
        "",
        f"Machine: {machine()}.",
    ]


if __name__ == "__main__":
    main()
