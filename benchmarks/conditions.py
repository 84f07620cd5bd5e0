"""Several conditions at once on MNIST: are class, slant and thickness obeyed, and any left out?

Slant and thickness of all digits are measured by the Morpho-MNIST definitions and given beside the
class, any of them missing in a part of the training rows. Digits generated under the test images'
conditions are measured again and told by a classifier that was trained on real digits alone. Also:
conditions at the input against at every layer, and bits per dimension of the 8-bit pixels under
the discretized logistic mixture. All runs are folders, so that a benchmark that was stopped goes
on; writes docs/conditions.md and its picture.

    CONDVAE_DATA=DIR python benchmarks/conditions.py [--runs DIR]
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
from PIL import Image

import condvae
from condvae.data.writers import sheet, to_uint8
from condvae.metrics.bits import bits_per_dim
from condvae.metrics.style import measure_style
from condvae.runs import Run

STYLES = ("slant", "thickness")
# of the run on 8-bit levels, whose many parameters a pixel are slow on a CPU
LEVELS = {
    "latent_dim": 16,
    "hidden_dims": (512, 512),
    "activation": "silu",
    "likelihood": "logistic_mixture",
    "components": 3,
    "output_bias": "data",
    "epochs": 6,
    "batch_size": 250,
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "warmup": 0.1,
}
NUM_GENERATED = 2_000
SEED = 1  # of the picture
NUM_EVALUATED = 2_000


def main() -> None:
    """Measure, train what is missing, generate, measure again, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/conditions"))
    folder = parser.parse_args().runs
    folder.mkdir(parents=True, exist_ok=True)
    data = measured_mnist(folder / "mnist.npz")
    settings = {"preset": "conditions", "resume": True}
    runs = {
        at: condvae.train(data, run=folder / at, condition_at=at, **settings)
        for at in ("input", "every_layer")
    }
    levels = condvae.train(
        condvae.load_data("mnist"),
        run=folder / "levels",
        spec=condvae.Spec().override(**LEVELS),
        resume=True,
    )
    for run in (*runs.values(), levels):
        if run.record.status != "finished":
            raise SystemExit(f"{run.path} is {run.record.status}: start again to go on")
    best = min(runs, key=lambda at: -runs[at].record.figures.val_elbo)
    lines = [
        "# Several conditions at once",
        "",
        "Written by `benchmarks/conditions.py`. MNIST with three conditions: class, slant and",
        "thickness (Morpho-MNIST definitions, measured on every image). Any may be missing in",
        "training: four fifths of the rows have a random subset (preset `conditions`).",
        "",
        *obedience(runs[best], data, best),
        *injection(runs),
        *bits(levels),
    ]
    Path("docs/conditions.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    draw(runs[best], Path("docs/images/conditions.png"))


def measured_mnist(path: Path) -> condvae.Dataset:
    """MNIST with its class, slant and thickness by name, kept as an .npz."""
    if not path.exists():
        mnist = condvae.load_data("mnist")
        style = measure_style(mnist.x)
        columns = {"digit": mnist.y, **{name: style[name] for name in STYLES}}
        rows = mnist.test_rows
        own = np.setdiff1d(np.arange(len(mnist.x)), rows)
        arrays = {"x": mnist.x[own], **{name: values[own] for name, values in columns.items()}}
        arrays |= {f"{name}_test": values[rows] for name, values in columns.items()}
        np.savez(path, x_test=mnist.x[rows], **arrays)
    return condvae.load_data(path, conditions=("digit", "slant:continuous", "thickness:continuous"))


def classifier(data: condvae.Dataset):
    """A classifier of digits, trained on real images; its accuracy on the test images."""
    from sklearn.neural_network import MLPClassifier

    train, test = data.train, data.test
    network = MLPClassifier(
        (512,), early_stopping=True, max_iter=15, batch_size=500, random_state=0
    )
    network.fit(flat(train.x), labels(data, train.rows))
    return network, network.score(flat(test.x), labels(data, test.rows))


def flat(x: np.ndarray) -> np.ndarray:
    """Images as rows of numbers in [0, 1]."""
    x = x.reshape(len(x), -1)
    return x / np.float32(255) if x.dtype == np.uint8 else x


def labels(data: condvae.Dataset, rows: np.ndarray) -> np.ndarray:
    """The classes of rows."""
    return data.raw["digit"][rows].astype(int)


def obedience(run: Run, data: condvae.Dataset, at: str) -> list[str]:
    """What was asked for against what the generated digits show, all given and one left out."""
    network, accuracy = classifier(data)
    rows = np.random.default_rng(0).choice(data.test.rows, NUM_GENERATED, replace=False)
    asked = {name: data.raw[name][rows] for name in ("digit", *STYLES)}
    lines = [
        f"{NUM_GENERATED:,} digits generated under the conditions of as many test images, their",
        "expected pixels measured again. Label accuracy: by a classifier (one hidden layer of 512)",
        f"trained on real digits, {accuracy:.2%} on the real test images. Conditions at: {at}.",
        "",
        "| given | label accuracy | slant, correlation | thickness, correlation |",
        "|---|---|---|---|",
    ]
    for left_out in (None, "digit", *STYLES):
        given = {name: values for name, values in asked.items() if name != left_out}
        x = run.model.generate(given, seed=1)
        found, told = measure_style(x), network.predict(flat(x))
        figures = [f"{np.mean(told == asked['digit'].astype(int)):.2%}"]
        figures += [f"{correlation(found[name], asked[name]):.3f}" for name in STYLES]
        names = ("digit", *STYLES)
        shown = ["" if name == left_out else f for name, f in zip(names, figures, strict=True)]
        lines.append(
            f"| {'all' if left_out is None else f'all but {left_out}'} | {' | '.join(shown)} |"
        )
    return [*lines, ""]


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, of the pairs that could be measured."""
    both = np.isfinite(a) & np.isfinite(b)
    return float(np.corrcoef(a[both], b[both])[0, 1])


def injection(runs: dict[str, Run]) -> list[str]:
    """Conditions at the input or at every layer."""
    lines = [
        "## Conditions at the input or at every hidden layer",
        "",
        "| condition_at | validation −ELBO | seconds |",
        "|---|---|---|",
    ]
    for at, run in runs.items():
        figures = run.record.figures
        lines.append(f"| {at} | {-figures.val_elbo:.2f} | {figures.seconds:.0f} |")
    return [*lines, "", f"- {runs['input'].record.figures.comparability}", ""]


def bits(run: Run) -> list[str]:
    """Bits per dimension of 8-bit pixels."""
    test = run.check_data(run.load_data()).test
    estimate = run.model.estimate_log_prob(test.x[:NUM_EVALUATED], test.y[:NUM_EVALUATED], 100)
    per_dim = bits_per_dim(1.0, test.x.shape[1:])
    comparability = run.comparability(
        "test", f"importance sampling, 100 draws for each of the first {NUM_EVALUATED:,} images"
    )
    return [
        "## 8-bit pixels",
        "",
        f"Discretized logistic mixture, given the class: {-estimate.mean:.1f} ± "
        f"{estimate.standard_error:.1f} nats, {-estimate.mean * per_dim:.3f} ± "
        f"{estimate.standard_error * per_dim:.3f} bits per dimension.",
        "",
        f"- {comparability}",
    ]


def draw(run: Run, path: Path) -> None:
    """A 3 leaning from left to right in each row, thin above, thick below."""
    slants, widths = np.linspace(-0.4, 0.6, 9), np.linspace(2, 5, 5)
    slant, thickness = (grid.ravel() for grid in np.meshgrid(slants, widths))
    # one draw's noise under every condition
    rows = zip(slant, thickness, strict=True)
    asked = [{"digit": 3, "slant": lean, "thickness": width} for lean, width in rows]
    x = to_uint8(np.concatenate([run.model.generate(one, 1, seed=SEED) for one in asked]))
    page = sheet(x, len(slants))[..., 0]
    Image.fromarray(page).resize((2 * page.shape[1], 2 * page.shape[0])).save(path)


if __name__ == "__main__":
    main()
