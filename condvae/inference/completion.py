"""Rows of a table of which some cells are known: the others, drawn by the model."""

import numpy as np

from condvae.blocks import slices
from condvae.chance import Chance
from condvae.conditions import Table
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

    def __init__(self, compute: Computation, table: Table, latent_dim: int):
        self._compute, self.table, self._latent_dim = compute, table, latent_dim

    def draw(
        self, x: np.ndarray, y: np.ndarray, seed: int, fill: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows without hidden cells.

        Args:
            x: (batch, dim) encoded; a cell is hidden where all its states are 0.
            y: (batch, *condition_shape) encoded.
            seed: of all draws.
            fill: draw no empty cell.

        Returns:
            x with its hidden cells drawn, and the effective number of the K draws of z for each
            row, (sum w)² / sum w².
        """
        chance, parts = Chance(seed), []
        for part in slices(len(x)):
            z, effective = self._styles(x[part], y[part], chance)
            parts.append((self._cells(x[part], y[part], z, chance, fill), effective))
        rows, effective = zip(*parts, strict=True)
        return np.concatenate(rows), np.concatenate(effective)

    def _styles(
        self, x: np.ndarray, y: np.ndarray, chance: Chance
    ) -> tuple[np.ndarray, np.ndarray]:
        """One z for each row, (batch, latent_dim), and of how many draws it stands."""
        noise = chance.latents(len(x), NUM_SAMPLES, self._latent_dim)
        drawn = self._compute.ask("weighted_draws", {"x": x, "y": y, "noise": noise})
        log_weights = drawn["log_weights"].astype("float64")
        weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
        total = weights.sum(axis=1, keepdims=True)
        # the place of a uniform number among the cumulated weights
        below = weights.cumsum(axis=1) / total < chance.pixels(len(x), 1)
        chosen = np.minimum(below.sum(axis=1), NUM_SAMPLES - 1)
        z = drawn["z"][np.arange(len(x)), chosen]
        return z, total[:, 0] ** 2 / (weights**2).sum(axis=1)

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
