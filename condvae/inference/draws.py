"""How new images are drawn: the seed, the temperature, and the guidance."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError
from condvae.inference.chance import Chance


@dataclass(frozen=True)
class Draws:
    """The settings of one call of `generate`.

    Guidance moves the expected image at z away from the image without a condition: x_mean(z, y) +
    guidance * (x_mean(z, y) - x_mean(z, no y)).

    Attributes:
        chance: the random numbers of z and of the pixels.
        sample: whether to draw the pixels too.
        guidance: 0 for the model's own images; larger values make them more typical of their
            condition than real images are.
        unconditional: (1, *condition_shape) an uninformative y; None if there is none.
        x_range: bounds of x.

    Source: after Ho & Salimans 2021, "Classifier-free diffusion guidance".
    """

    chance: Chance
    sample: bool = False
    guidance: float = 0.0
    unconditional: np.ndarray | None = None
    x_range: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not 0 <= self.guidance < math.inf:
            raise InputError(
                "the guidance must be 0 or more",
                f"{self.guidance:g}",
                "Use 2, for example.",
            )
        if self.guidance and self.sample:
            raise InputError(
                "guidance requires expected pixels",
                "samples of the pixels, for which guidance defines no distribution",
                "Omit one of them.",
            )

    def guided(self, x: np.ndarray, decode: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Expected images (N, ...), moved away from those that `decode` gives for another y."""
        if not self.guidance or self.unconditional is None:
            return x
        plain = decode(np.repeat(self.unconditional, len(x), axis=0))
        return np.clip(x + np.float32(self.guidance) * (x - plain), *self.x_range)
