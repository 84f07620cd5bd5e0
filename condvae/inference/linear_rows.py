"""A linear model fitted to rows drawn by a model, which predicts z from any cells of a row."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from condvae.conditions import Table

LEAST_VARIANCE = 1e-6  # of z, whose standard deviation is about 1
LEAST_NOISE = 1e-4  # relative to a column's variance


@dataclass(frozen=True)
class Gaussians:
    """A normal distribution over z for each row.

    Attributes:
        mean: (batch, latent_dim).
        root: (batch, latent_dim, latent_dim), invertible; the covariance is root times its
            transpose.
    """

    mean: np.ndarray
    root: np.ndarray

    @classmethod
    def of_covariance(cls, mean: np.ndarray, covariance: np.ndarray) -> Self:
        """Gaussians with these covariances, which are widened if singular."""
        values, vectors = np.linalg.eigh(covariance)
        return cls(mean, vectors * np.sqrt(np.maximum(values, LEAST_VARIANCE))[:, None])

    @classmethod
    def of_weighted(cls, z: np.ndarray, weights: np.ndarray) -> Self:
        """Gaussians with the moments of weighted draws.

        Args:
            z: (batch, num_samples, latent_dim).
            weights: (batch, num_samples), summing to 1.
        """
        mean = np.einsum("nk,nkl->nl", weights, z)
        off = z - mean[:, None]
        covariance = (weights[..., None] * off).swapaxes(1, 2) @ off
        return cls.of_covariance(mean, covariance)

    def draw(self, noise: np.ndarray) -> np.ndarray:
        """The draws that correspond to standard normal noise, (batch, num_samples, latent_dim)."""
        return self.mean[:, None] + noise @ self.root.swapaxes(1, 2)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """(batch, num_samples) log-densities, up to a constant common to all of them."""
        noise = (z - self.mean[:, None]) @ np.linalg.inv(self.root).swapaxes(1, 2)
        return -0.5 * (noise**2).sum(axis=-1) - np.linalg.slogdet(self.root)[1][:, None]

    def __getitem__(self, rows: np.ndarray) -> "Gaussians":
        """The Gaussians of some rows."""
        return Gaussians(self.mean[rows], self.root[rows])


class LinearRows:
    """x = (1, y) a + z b + noise, z = (1, y) c + noise: least squares on rows that a model drew.

    The noise of x is independent between columns, as it is in the model given z, so that z is
    predicted from any known cells of a row by solving one system of the size of z.

    Args:
        table: the table of the encoded rows.
        x: (num, dim) drawn rows.
        y: (num, dim of y) their conditions.
        z: (num, latent_dim) the z from which they were drawn.
    """

    def __init__(self, table: Table, x: np.ndarray, y: np.ndarray, z: np.ndarray):
        self._table, x, given = table, x.astype("float64"), _with_one(y)
        self._of_y = np.linalg.lstsq(given, z, rcond=None)[0]
        rest = z - given @ self._of_y
        spread = rest.T @ rest / len(z) + LEAST_VARIANCE * np.eye(z.shape[1])
        self._prior_precision = np.linalg.inv(spread)
        seen = np.concatenate([z, given], axis=1)
        self._of_z_and_y = np.linalg.lstsq(seen, x, rcond=None)[0]
        variance = x.var(axis=0)
        noise = ((x - seen @ self._of_z_and_y) ** 2).mean(axis=0)
        noise = np.maximum(noise, LEAST_NOISE * np.maximum(variance, LEAST_NOISE))
        # a column's states sum to 1, so that of two states each determines the other
        free = [np.full(size, (size - 1) / size) for size, _ in table.kinds]
        free = np.concatenate([*free, np.ones(table.dim - table.num_states)])
        self._precision = np.where(variance > 0, free / noise, 0.0)

    def posterior(self, x: np.ndarray, y: np.ndarray) -> Gaussians:
        """p(z | the known cells of x, y) under this model."""
        given, (latents, _) = _with_one(y), self._of_y.shape[::-1]
        by_z, by_y = self._of_z_and_y[:latents], self._of_z_and_y[latents:]
        expected = given @ self._of_y
        # 1 where a cell is known
        known = self._table.hide(np.ones_like(x), self._table.hidden(x)) * self._precision
        pairs = (by_z[:, None] * by_z[None]).reshape(latents**2, -1)
        precision = self._prior_precision + (known @ pairs.T).reshape(-1, latents, latents)
        told = (known * (x - given @ by_y - expected @ by_z)) @ by_z.T
        covariance = np.linalg.inv(precision)
        return Gaussians.of_covariance(
            expected + (covariance @ told[..., None])[..., 0], covariance
        )


def _with_one(y: np.ndarray) -> np.ndarray:
    """y with a constant column."""
    return np.concatenate([np.ones((len(y), 1)), y], axis=1)
