"""A normal distribution with a few principal directions, and noise in all others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from condvae.checks import check_at_least, check_range
from condvae.metrics.inputs import check_rows


@dataclass(frozen=True)
class PrincipalGaussian:
    """Probabilistic principal components, for any number of components.

    Attributes:
        mean: (dim,).
        directions: (most, dim) orthonormal, by decreasing variance.
        variances: (most,) variances along them.
        total: sum of the variances along all of dim directions.
        least: lower bound of the variance in any direction.
    """

    mean: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    total: float
    least: float

    def log_density(self, rows: np.ndarray, components: int) -> np.ndarray:
        """(N,) nats of rows (N, dim): own variances along the first directions, a mean elsewhere.

        Args:
            components: number of directions with their own variance.
        """
        check_range(np.array([components]), 0, len(self.directions), "the number of components")
        rows = check_rows(rows, "the rows", len(self.mean)) - self.mean
        dim, rest = rows.shape[1], rows.shape[1] - components
        variances = np.maximum(self.variances[:components], self.least)
        left = self.total - self.variances[:components].sum()
        noise = max(left / rest, self.least) if rest else self.least
        along = rows @ self.directions[:components].T
        off = np.maximum((rows**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        distance = (along**2 / variances).sum(axis=1) + off / noise
        log_volume = np.log(variances).sum() + rest * np.log(noise)
        return -(dim * np.log(2 * np.pi) + log_volume + distance) / 2

    def best_components(self, rows: np.ndarray, candidates: Sequence[int]) -> int:
        """The candidate that makes rows (N, dim), which were not used in the fit, most probable."""
        return max(candidates, key=lambda count: self.log_density(rows, count).mean())


def fit_principal(
    rows: np.ndarray, most: int, least: float = 1e-4, seed: int = 0
) -> PrincipalGaussian:
    """Fit by maximum likelihood.

    Args:
        rows: (N, dim).
        most: number of directions to find, at least 1, and fewer than N and dim.
        least: lower bound of the variance in any direction, so that constant columns have a
            density.
        seed: seed of the approximation that finds directions among very many.

    Raises:
        InputError: shapes that do not fit, or values that are not finite.

    Source: Tipping & Bishop 1999, "Probabilistic principal component analysis", eq. 8; Halko,
    Martinsson & Tropp 2011 on the approximation.
    """
    from sklearn.decomposition import PCA

    rows = check_rows(rows, "the rows", least=2)
    check_at_least(most, 1, "the number of directions")
    with np.errstate(invalid="ignore"):  # shares of a variance of 0, which are not used
        found = PCA(min(most, len(rows) - 1, rows.shape[1]), random_state=seed).fit(rows)
    return PrincipalGaussian(
        mean=found.mean_,
        directions=found.components_,
        variances=found.explained_variance_,
        total=float(rows.var(axis=0, ddof=1).sum()),
        least=least,
    )
