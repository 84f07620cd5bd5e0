"""How new images are drawn: by which seed, how far from the average, how much as asked for."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from condvae.checks import InputError
from condvae.inference.chance import Chance


@dataclass(frozen=True)
class Draws:
    """What one call of `generate` draws with.

    Guidance moves the expected image at z away from what z alone would show:
    x_mean(z, y) + guidance * (x_mean(z, y) - x_mean(z, no y)).

    Attributes:
        chance: of z and of the pixels.
        sample: draw the pixels too.
        guidance: 0 for images as the model has them; more makes them more typical of their
            condition than real ones are.
        unconditional: (1, *condition_shape) y that tells nothing; None where there is none.
        x_range: the ends of x.

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
                "the guidance must be 0 or more", f"{self.guidance:g}", "Take 2, for example."
            )
        if self.guidance and self.sample:
            raise InputError(
                "guidance must come with expected pixels",
                "samples of the pixels, which it has no distribution for",
                "Leave one of them out.",
            )

    def guided(self, x: np.ndarray, decode: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Expected images (N, ...) moved away from what `decode` makes of another y at their z."""
        if not self.guidance or self.unconditional is None:
            return x
        plain = decode(np.repeat(self.unconditional, len(x), axis=0))
        return np.clip(x + np.float32(self.guidance) * (x - plain), *self.x_range)
