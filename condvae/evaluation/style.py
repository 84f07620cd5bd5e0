"""The meaning of latents in a model of handwriting, on a split's images; see `handwriting`."""

from dataclasses import dataclass

import numpy as np

from condvae.evaluation.trial import Trial
from condvae.inference.handwriting import ATTRIBUTES, Handwriting, measure_handwriting

NUM_IMAGES = 500


@dataclass(frozen=True)
class StyleQuality:
    """How styles depend on z, and are preserved under a change of the label.

    Attributes:
        handwriting: the measurements.
        comparability: data, split and number of images.
    """

    handwriting: Handwriting
    comparability: str

    def figures(self) -> dict[str, object]:
        """The figures, flat; "axes" is a list."""
        found = self.handwriting
        slopes = {
            f"z{axis + 1}_{name}_per_unit": float(found.per_unit[row, column])
            for row, axis in enumerate(found.axes)
            for column, name in enumerate(ATTRIBUTES)
        }
        kept = {f"kept_{name}": value for name, value in found.kept.items()}
        comparability = {"style_comparability": self.comparability}
        return {"axes": found.meanings, **slopes, **kept, **comparability}

    def __str__(self) -> str:
        found, lines = self.handwriting, []
        for row, meaning in enumerate(found.meanings):
            strength = found.strength[row]
            told = ", ".join(
                f"{name} {found.per_unit[row, column]:+.2f} {unit} per unit "
                f"({strength[column]:.2f} standard deviations of real images per deviation of z, "
                f"same sign under {found.effects.same_sign[row, column]:.0%} of the labels)"
                for column in np.argsort(-strength, kind="stable")[:2]
                for name, unit in [list(ATTRIBUTES.items())[column]]
            )
            name = meaning["attribute"] or "nothing by itself"
            lines.append(f"z{found.axes[row] + 1} moves {name}: {told}")
        kept = ", ".join(f"{name} {value:.2f}" for name, value in found.kept.items())
        lines.append(
            f"style kept when the label changes, correlation over {len(found.before):,} "
            f"images, relative to the mean of their label: {kept}"
        )
        return "\n".join([*lines, f"({self.comparability})"])


def evaluate_style(trial: Trial, split: str = "test", seed: int = 0) -> StyleQuality:
    """Measure what each axis changes, and what `transfer` preserves, on the first 500 images.

    Args:
        split: "validation" or "test".
        seed: seed of all draws.
    """
    images = trial.images(split)
    x, y = images.x[:NUM_IMAGES], np.asarray(images.y[:NUM_IMAGES])
    found = measure_handwriting(trial.model, x, y, seed)
    estimator = f"Morpho-MNIST measures of {found.num_decoded:,} decoded and {len(x):,} real images"
    return StyleQuality(found, trial.run.comparability(split, estimator))
