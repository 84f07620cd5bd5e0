"""Latents, densities and new rows."""

from typing import Any, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from condvae.checks import InputError
from condvae.sklearn.estimator import MOST_SEED, Estimator


class ConditionalVAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """A conditional VAE as a transformer and a density.

    X is (n, d) numbers, y (n,) class labels or numbers on which X is conditioned, or None; see
    `Estimator` for the parameters.
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on X given y; on X alone if y is None."""
        return self._fit(X, y)

    def transform(self, X: Any) -> np.ndarray:
        """Posterior means of z, (n, latent_dim) float64; y is not needed."""
        X = self._checked(X)
        mean, _ = self.model_.encode(self._matrix.x(X), self._matrix.y(None), seed=self._seed)
        return mean.astype("float64")

    def inverse_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """The expected rows for latents, (n, d) float64.

        Args:
            X: (n, latent_dim) latents.
            y: (n,) the condition; None: the mean over the classes, weighted by their shares.
        """
        check_is_fitted(self, "model_")
        z, y = check_array(X, dtype=np.float64), self._known(y)
        if y is not None or self.image_shape is None or self.class_prior_ is None:
            return self._matrix.back(self.model_.decode(z, self._matrix.y(y)))
        each = [self.model_.decode(z, code) for code in range(len(self.class_prior_))]
        return self._matrix.back(np.einsum("k,kn...->n...", self.class_prior_, np.stack(each)))

    def score_samples(self, X: Any, y: Any = None) -> np.ndarray:
        """log p(x | y), or log p(x) if y is None, (n,) nats, a lower bound by importance sampling.

        Cells that are NaN are ignored. Numbers of a table have a density in their own units.
        """
        X, y = self._checked(X), self._known(y)
        if y is not None:
            check_consistent_length(X, y)
        return self._log_prob(X, y)

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`, which a parameter search maximises."""
        return float(self.score_samples(X, y).mean())

    def sample(self, n_samples: int = 1, y: Any = None, random_state: Any = None) -> np.ndarray:
        """New rows, (n, d) float64.

        Args:
            n_samples: number of rows; with several values of y, their number.
            y: a label or number for all rows, or (n_samples,); None: as frequent as in training.
            random_state: seed of the draw; None: the next number of NumPy's generator.
        """
        check_is_fitted(self, "model_")
        if y is not None:
            y = self._known(np.full(n_samples, y) if np.ndim(y) == 0 else y)
            if len(y) != n_samples:
                raise InputError(
                    f"y must hold one value, or one for each of {n_samples} rows",
                    f"{len(y)}",
                    "Set n_samples to their number.",
                )
        seed = int(check_random_state(random_state).randint(MOST_SEED))
        return self._drawn(n_samples, y, seed)

    @property
    def _n_features_out(self) -> int:
        """Number of columns that `transform` returns."""
        return self.model_.latent_dim
