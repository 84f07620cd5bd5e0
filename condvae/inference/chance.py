"""What a seed means to a trained model: all of its random numbers are drawn here, by NumPy."""

import math

import numpy as np

from condvae.checks import InputError, check_at_least


class Chance:
    """The random numbers of one seed, in two streams that know nothing of each other.

    Rows that are drawn by many calls are those that one call would have drawn: so neither the
    engine that computes nor the blocks in which it does so change what a seed gives.

    Args:
        temperature: by which the noise of z is multiplied: below 1, nearer to the prior's centre.
        shared: how many of the first latents are those of the first draw in all others too.
    """

    def __init__(self, seed: int, temperature: float = 1.0, shared: int = 0):
        check_at_least(seed, 0, "seed")
        if not 0 <= temperature < math.inf:
            raise InputError(
                "the temperature must be 0 or more", f"{temperature:g}", "Take 0.7, for example."
            )
        self._temperature = np.float32(temperature)
        self.shared, self._first = shared, np.empty(0, "float32")
        self._of_latents = np.random.default_rng(seed)
        self._of_pixels = np.random.default_rng([seed, 1])

    def latents(self, *shape: int) -> np.ndarray:
        """Standard normal noise, float32, that z is made from."""
        noise = self._temperature * self._of_latents.standard_normal(shape, dtype="float32")
        if self.shared:
            if not len(self._first):
                self._first = noise[0, : self.shared].copy()
            noise[..., : self.shared] = self._first
        return noise

    def pixels(self, *shape: int, kind: str = "uniform") -> np.ndarray:
        """Noise, float32, that pixels are binarised or drawn by.

        Args:
            kind: "uniform" in [0, 1), or "normal".
        """
        rng = self._of_pixels
        draw = rng.random if kind == "uniform" else rng.standard_normal
        return draw(shape, dtype="float32")
