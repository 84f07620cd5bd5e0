"""A loss in the features of a network, beside the bound."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from condvae.objectives.added import Added
from condvae.objectives.objective import likelihood_of
from condvae.objectives.terms import Terms

Tensor = Any


@keras.saving.register_keras_serializable("condvae")
@dataclass(frozen=True)
class Perceptual(Added):
    """Another objective plus the `perceptual_loss` of the expected x.

    The features come from the model's network of that name, which this objective does not train.

    Attributes:
        perceptual_weight: weight of that loss.
    """

    perceptual_weight: float
    network: ClassVar[str] = "features"

    @property
    def added(self) -> tuple[str, ...]:
        """See `Objective`."""
        return ("perceptual_loss",)

    def outputs(
        self, model: Any, x: Tensor, y: Tensor, guess: Tensor | None, training: bool
    ) -> dict[str, Tensor]:
        """The outputs of the other objective, and the added loss."""
        outputs = self.objective.outputs(model, x, y, guess, training)
        expected = likelihood_of(model, outputs).mean
        real, expected = (model.features({"x": image}) for image in (x, expected))
        distance = perceptual_loss(real, expected, math.prod(model.image_shape))
        return outputs | {"perceptual_loss": distance}

    def terms(self, model: Any, outputs: Mapping[str, Tensor], training: bool) -> Terms:
        """The terms of the other objective, with the added loss in `loss` alone."""
        terms = self.objective.terms(model, outputs, training)
        added = self.perceptual_weight * outputs["perceptual_loss"]
        return terms._replace(loss=terms.loss + added)


def perceptual_loss(
    real: Mapping[str, Tensor], expected: Mapping[str, Tensor], numbers: int
) -> Tensor:
    """The distance of two images in features whose length at each place is made 1.

    Half of the squared distance, averaged over places and layers, times the numbers in x: a normal
    likelihood of as many directions as x has numbers, of variance 1.

    Args:
        real: features of x by layer, (batch, height, width, channels).
        expected: the same of the expected x.
        numbers: of one x.

    Returns:
        (batch,) nats.

    Source: Zhang et al. 2018 (lengths made 1); Dosovitskiy & Brox 2016 (beside a VAE's bound).
    """
    distances = []
    for name, layer in real.items():
        difference = _of_length_one(layer) - _of_length_one(expected[name])
        distances.append(ops.mean(ops.sum(ops.square(difference), axis=-1), axis=(1, 2)))
    return numbers / 2 * sum(distances) / len(distances)


def _of_length_one(features: Tensor) -> Tensor:
    """The features at each place, float32, divided by their length."""
    features = ops.cast(features, "float32")
    squares = ops.sum(ops.square(features), axis=-1, keepdims=True)
    # inside the root, whose gradient at 0 has no bound
    return features * ops.rsqrt(squares + 1e-6)
