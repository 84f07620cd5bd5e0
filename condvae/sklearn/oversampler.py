"""Oversampling of minority classes with generated rows."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import check_array, column_or_1d

from condvae.checks import InputError
from condvae.metrics.memorisation import compare_with_training
from condvae.sklearn.estimator import Estimator

COPIES = 0.01  # share of new rows that are as close to a training row as a near-copy


class Oversampler(Estimator):
    """`fit_resample` as in imbalanced-learn; rows are generated given their class.

    Further parameters are those of `Estimator`.

    Args:
        sampling_strategy: "auto": each class gets as many rows as the largest; or {label: number of
            rows after resampling}.

    Attributes:
        near_copy_share_: share of the generated rows that are closer to a training row than all but
            1 % of held-out rows: about 0.01 without copies; NaN if no rows are generated.
    """

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
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
        self.sampling_strategy = sampling_strategy

    def fit_resample(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """The rows followed by new ones of the classes that have too few.

        Args:
            X: (n, d) numbers.
            y: (n,) labels.

        Returns:
            (m, d) float64 and (m,) labels.
        """
        self._fit(X, y)
        X, y = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan"), column_or_1d(y)
        missing = self._missing(y)
        codes = np.repeat(np.arange(len(missing)), missing)
        self.near_copy_share_ = float("nan")
        if not len(codes):
            return X, y
        new = self._drawn(len(codes), codes, self._seed)
        self.near_copy_share_ = self._near_copies(X, new)
        return np.concatenate([X, new]), np.concatenate([y, np.asarray(self.classes_)[codes]])

    def _missing(self, y: np.ndarray) -> np.ndarray:
        """(num_classes,) number of rows to generate for each class."""
        if self.classes_ is None:
            raise InputError("y must hold class labels", "numbers", "Pass labels.")
        counts = np.array([(y == label).sum() for label in self.classes_])
        if self.sampling_strategy == "auto":
            return counts.max() - counts
        wanted = dict(self.sampling_strategy)
        targets = [
            wanted.pop(label, count) for label, count in zip(self.classes_, counts, strict=True)
        ]
        missing = np.asarray(targets, int) - counts
        if wanted or (missing < 0).any():
            raise InputError(
                "sampling_strategy must be 'auto', or {label: number of rows, at least as many as "
                "there are}",
                f"{self.sampling_strategy}",
                "Correct labels and numbers.",
            )
        return missing

    def _near_copies(self, X: np.ndarray, new: np.ndarray) -> float:
        """The share for new rows; columns are scaled by their spread, NaN become means."""
        mean, scale = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
        X, new = (np.where(np.isnan(a), mean, a) / np.where(scale, scale, 1) for a in (X, new))
        train = np.delete(X, self.held_out_, axis=0)
        return compare_with_training(train, X[self.held_out_], new, COPIES).closer_share
