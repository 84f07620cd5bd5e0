"""Anomaly detection: rows with a low probability."""

from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import OutlierMixin

from condvae.checks import InputError
from condvae.sklearn.estimator import Estimator


class AnomalyDetector(OutlierMixin, Estimator):
    """Detects rows of low density p(x), with the signs of scikit-learn's IsolationForest.

    Further parameters are those of `Estimator`.

    Args:
        contamination: share of the training rows that count as anomalies, above 0, at most 0.5.

    Attributes:
        offset_: threshold in nats, below which rows are anomalies.
    """

    def __init__(
        self,
        *,
        contamination: float = 0.1,
        latent_dim: int | None = None,
        hidden_dims: tuple[int, ...] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        beta: float | None = None,
        likelihood: str | None = None,
        architecture: str | None = None,
        preset: str | None = None,
        image_shape: tuple[int, ...] | None = None,
        num_samples: int = 10,
        validation_fraction: float = 0.1,
        run: str | Path | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ):
        super().__init__(
            latent_dim=latent_dim,
            hidden_dims=hidden_dims,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            beta=beta,
            likelihood=likelihood,
            architecture=architecture,
            preset=preset,
            image_shape=image_shape,
            num_samples=num_samples,
            validation_fraction=validation_fraction,
            run=run,
            random_state=random_state,
            verbose=verbose,
        )
        self.contamination = contamination

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on X; y is ignored, and exists for the conventions of scikit-learn."""
        if not 0 < self.contamination <= 0.5:
            raise InputError(
                "contamination must lie in (0, 0.5]", f"{self.contamination}", "Use 0.1."
            )
        self._fit(X, None)
        scores = self.score_samples(X)
        self.offset_ = float(np.percentile(scores, 100 * self.contamination))
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        """log p(x), (n,) nats, a lower bound; lower values are more anomalous."""
        return self._log_prob(self._checked(X), None)

    def decision_function(self, X: Any) -> np.ndarray:
        """`score_samples` minus `offset_`, (n,) nats: negative for anomalies."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> np.ndarray:
        """-1 for anomalies, 1 for the other rows, (n,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)
