"""The presets on MNIST: trains what is not trained yet and writes docs/presets.md.

CONDVAE_DATA=DIR python benchmarks/presets.py [--runs DIR]
"""

import argparse
from pathlib import Path

import condvae
from condvae.evaluation import bound_of

PAGE = Path(__file__).parents[1] / "docs" / "presets.md"
TRAININGS = [("notebook", seed) for seed in (0, 1, 2)]
TRAININGS += [("plane", seed) for seed in (0, 1, 2)] + [("wide", seed) for seed in (0, 1, 2)]
PUBLISHED = """
Elsewhere, on the same networks: the Keras notebook with Adam at 1e-3 prints 130.77 (126.16 + 4.61)
after 50 epochs, the test images choosing the epoch (nnormandin/Conditional_VAE); pixyz's
`examples/cvae.ipynb` with 64 latents prints a test −ELBO of 99.09 after 10 epochs on all 60,000
training images. `plane` and `wide` hold 6,000 of those out.
"""


def main() -> None:
    """Train, evaluate, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    folder = parser.parse_args().runs
    data = condvae.load_data("mnist")
    rows, lines = [], {}
    for preset, seed in TRAININGS:
        path = folder / f"{preset}-{seed}"
        if path.exists():
            run = condvae.Run.open(path)
        else:
            run = condvae.train(data, preset=preset, run=path, seed=seed)
        figures, result = run.record.figures, bound_of(run, data)
        rows.append(
            f"| {preset} | {seed} | {figures.best_epoch} of {figures.epochs} | "
            f"{-figures.val_elbo:.2f} | {-result.elbo:.2f} ± {result.standard_error:.2f} | "
            f"{result.reconstruction_loss:.2f} | {result.kl_loss:.2f} |"
        )
        lines[preset] = (figures.comparability, result.comparability)
    table = "\n".join(
        [
            "| preset | seed | best epoch | validation −ELBO | test −ELBO | reconstruction_loss "
            "| kl_loss |",
            "|---|---|---|---|---|---|---|",
            *rows,
        ]
    )
    notes = "\n".join(
        f"- `{preset}`: validation: {validation}. Test: {test}."
        for preset, (validation, test) in lines.items()
    )
    PAGE.write_text(
        "# The presets on MNIST\n\n"
        "Written by `python benchmarks/presets.py`; nats per image, lower is better.\n\n"
        f"{table}\n\nWhat the figures may be compared with:\n\n{notes}\n{PUBLISHED}",
        encoding="utf-8",
    )
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
