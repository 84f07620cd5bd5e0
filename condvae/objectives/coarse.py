"""A loss that makes the first guess right on coarser grids too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from condvae.objectives.added import Added
from condvae.objectives.terms import Terms

Tensor = Any

FACTORS = (2, 4)


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class Coarse(Added):
    """Another objective plus the `coarse_loss` of the guess.

    Attributes:
        coarse_weight: weight of that loss, at factors 2 and 4.
    """

    coarse_weight: float
    network: ClassVar[str] = "baseline"

    def outputs(
        self, model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
    ) -> dict[str, Tensor]:
        """The outputs of the other objective."""
        return self.objective.outputs(model, x, y, guess, training)

    def terms(self, model: Any, outputs: Mapping[str, Tensor], training: bool) -> Terms:
        """The terms of the other objective, with the loss of the guess added."""
        terms = self.objective.terms(model, outputs, training)
        weights = outputs.get("pixel_weights", 1.0)
        coarse = coarse_loss(outputs["x"], outputs["guess"], weights, FACTORS)
        return terms._replace(loss=terms.loss + self.coarse_weight * coarse)


def coarse_loss(x: Tensor, guess: Tensor, missing: Tensor, factors: Sequence[int]) -> Tensor:
    """Cross-entropy of the guess against the target on coarser grids, predicted without z.

    Both are averaged over squares of factor × factor pixels. The weight of a square is the share of
    it that is missing, times its number of pixels, so that every scale weighs as much as the
    finest.

    Args:
        x: (batch, height, width, channels) target in [0, 1].
        guess: the same shape, logits.
        missing: 1 for each pixel to predict; broadcasts against x.
        factors: sides of the squares, such as (2, 4).

    Returns:
        (batch,) nats, summed over squares and scales.

    Source: Sohn, Lee & Yan 2015, section 3.3 (multi-scale prediction).
    """
    loss = ops.zeros(ops.shape(x)[:1])
    missing = missing * ops.ones_like(x)
    for factor in factors:
        target, p, weights = (
            ops.average_pool(image, factor, strides=factor)
            for image in (x, ops.sigmoid(guess), missing)
        )
        # means of probabilities have no logits: clip, so that the logarithms stay finite
        p = ops.clip(p, 1e-6, 1 - 1e-6)
        cross_entropy = -target * ops.log(p) - (1 - target) * ops.log1p(-p)
        loss += factor**2 * ops.sum(weights * cross_entropy, axis=(1, 2, 3))
    return loss
