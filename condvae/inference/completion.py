"""Rows of a table of which some cells are known: the others, drawn by the model."""

import numpy as np

from condvae.blocks import slices
from condvae.chance import Chance
from condvae.conditions import Schema, Table
from condvae.inference.computation import Computation

# z ~ q(z | what is known, y), of which one is taken by its importance weight.
NUM_SAMPLES = 64
# An imputed cell must have a value, where the model can also leave it empty: so often it is asked.
MOST_TRIES = 50


class Completion:
    """Draws hidden cells given the known ones, and y, by importance resampling of z.

    For each row z_k ~ q(z | x, y), k = 1 to K, where the encoder sees the known cells alone. One of
    them is taken, with a probability in proportion to p(known | z_k, y) p(z_k | y) / q(z_k | x, y);
    the hidden cells are then drawn from p(x | z, y), in which the columns are independent.

    Source: Mattei & Frellsen 2019, "MIWAE", section 4.2; Rubin 1987 on sampling importance
    resampling.
    """

    def __init__(self, compute: Computation, table: Table, several: Schema, latent_dim: int):
        self._compute, self._latent_dim = compute, latent_dim
        self.table, self.several = table, several

    def draw(
        self, x: np.ndarray, y: np.ndarray, chance: Chance, num_draws: int = 1, fill: bool = False
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Rows without hidden cells, num_draws times, all by the same K draws of z.

        Args:
            x: (batch, dim) encoded; a cell is hidden where all its states are 0.
            y: (batch, *condition_shape) encoded.
            chance: of all draws.
            fill: draw no empty cell.

        Returns:
            x with its hidden cells drawn, for each draw, and the effective number of the K draws
            of z for each row, (sum w)² / sum w².
        """
        parts = []
        for part in slices(len(x)):
            zs, effective = self._styles(x[part], y[part], chance, num_draws)
            parts.append(([self._cells(x[part], y[part], z, chance, fill) for z in zs], effective))
        rows, effective = zip(*parts, strict=True)
        draws = [np.concatenate(draw) for draw in zip(*rows, strict=True)]
        return draws, np.concatenate(effective)

    def _styles(
        self, x: np.ndarray, y: np.ndarray, chance: Chance, num_draws: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """z for each draw and row, (num_draws, batch, latent_dim), and of how many they are."""
        noise = chance.latents(len(x), NUM_SAMPLES, self._latent_dim)
        drawn = self._compute.ask("weighted_draws", {"x": x, "y": y, "noise": noise})
        log_weights = drawn["log_weights"].astype("float64")
        weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
        total = weights.sum(axis=1, keepdims=True)
        cumulated, places = weights.cumsum(axis=1) / total, chance.pixels(len(x), num_draws)
        # the place of a uniform number among the cumulated weights
        below = [(cumulated < place[:, None]).sum(axis=1) for place in places.T]
        chosen = np.minimum(below, NUM_SAMPLES - 1)
        return drawn["z"][np.arange(len(x)), chosen], total[:, 0] ** 2 / (weights**2).sum(axis=1)

    def _cells(
        self, x: np.ndarray, y: np.ndarray, z: np.ndarray, chance: Chance, fill: bool
    ) -> np.ndarray:
        """x with its hidden cells drawn at z."""
        x, hidden = x.copy(), self.table.hidden(x)
        for _ in range(MOST_TRIES if fill else 1):
            (rows,) = np.nonzero(hidden.any(axis=1))
            if not len(rows):
                break
            noise = chance.pixels(len(rows), x.shape[1])
            inputs = {"z": z[rows], "y": y[rows], "pixel_noise": noise}
            drawn = self._compute.ask("draw_pixels", inputs)["x_sample"]
            x[rows] = self.table.merge(x[rows], drawn, hidden[rows])
            hidden &= self.table.empty(x)  # these are asked once more, where they are to be filled
        return x
