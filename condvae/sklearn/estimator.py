"""The base of the estimators: parameters, training, densities, draws."""

import tempfile
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from condvae.checks import InputError
from condvae.inference.row_scores import row_scores
from condvae.sklearn.matrices import Columns, Matrix, Pixels
from condvae.spec import DataSpec
from condvae.training import train

# Parameters that are settings of the spec, if they are not None.
SETTINGS = ("latent_dim", "hidden_dims", "epochs", "batch_size", "learning_rate", "beta")
MOST_SEED = 2**31 - 1


class Estimator(BaseEstimator):
    """A conditional VAE of a matrix of numbers.

    Args:
        latent_dim: size of z; None, here and below: that of the preset.
        hidden_dims: sizes of the hidden layers.
        epochs: largest number of passes over the rows.
        batch_size: number of rows per step.
        learning_rate: learning rate of Adam.
        beta: weight of the KL divergence.
        likelihood: p(x | z, y), see `condvae.spec.ModelSpec`; None: chosen by the data.
        architecture: architecture of the networks, such as "mlp".
        preset: source of the other settings; None: chosen by the number of rows.
        image_shape: (height, width[, channels]) if the rows are flattened images; None: columns of
            a table, in which NaN is an unknown cell.
        num_samples: number of draws of z for each row's density.
        validation_fraction: share of the rows that choose the epoch and are not trained on.
        run: a new folder for the run, which is kept; None: a temporary one, removed after fit.
        random_state: seed of weights, splits, noise and draws.
        verbose: whether to show a progress bar.

    Attributes:
        model_: the TrainedModel.
        classes_: labels of y, sorted; None if y is numbers or was not given.
        class_prior_: (num_classes,) their shares; None likewise.
        held_out_: indices of the rows that chose the epoch.
        n_features_in_: number of columns.
    """

    def __init__(
        self,
        *,
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
        self.latent_dim = latent_dim
        self.hidden_dims = hidden_dims
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.beta = beta
        self.likelihood = likelihood
        self.architecture = architecture
        self.preset = preset
        self.image_shape = image_shape
        self.num_samples = num_samples
        self.validation_fraction = validation_fraction
        self.run = run
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Tags:
        """Declare that tables may have missing values."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.image_shape is None
        return tags

    def _fit(self, X: Any, y: Any) -> Self:
        """Train on X, after checking it, given y or nothing."""
        X = self._checked(X, reset=True)
        self.classes_, self.class_prior_ = None, None
        kind = "categorical"
        if y is not None:
            y, kind = self._learned(y)
            check_consistent_length(X, y)
        self._matrix: Matrix = Columns() if self.image_shape is None else self._pixels(X)
        self._seed = int(check_random_state(self.random_state).randint(MOST_SEED))
        # only the rows that choose the epoch are held out
        data = DataSpec(test=self.validation_fraction, validation="test", split_seed=self._seed)
        dataset = self._matrix.dataset(X, y, kind, data)
        self.held_out_ = dataset.test.rows
        with tempfile.TemporaryDirectory() as folder:
            run = train(
                dataset,
                preset=self.preset,
                run=Path(folder) / "run" if self.run is None else self.run,
                progress=bool(self.verbose),
                **self._settings(),
            )
            self.model_ = run.by_keras
        return self

    @property
    def _finite(self) -> Any:
        """The check of X by scikit-learn: a table may have missing values."""
        return "allow-nan" if self.image_shape is None else True

    def _settings(self) -> dict[str, Any]:
        """The settings of the preset that the parameters change."""
        names = (*SETTINGS, "likelihood", "architecture")
        asked = {name: getattr(self, name) for name in names}
        # searches over arrays pass NumPy's numbers
        chosen = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in asked.items()
            if value is not None
        }
        if "hidden_dims" in chosen:
            chosen["hidden_dims"] = tuple(int(size) for size in chosen["hidden_dims"])
        if self.image_shape is not None:
            chosen["encoder_sees"] = "x"  # so that images without a label have latents
        data = {"test": self.validation_fraction, "validation": "test", "split_seed": self._seed}
        return {**chosen, **data, "seed": self._seed}

    def _learned(self, y: Any) -> tuple[np.ndarray, Literal["categorical", "continuous"]]:
        """y for training as codes of classes, which are stored, or as numbers."""
        y = column_or_1d(y, warn=True)
        if type_of_target(y, input_name="y").startswith("continuous"):
            return y.astype("float64"), "continuous"
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.class_prior_ = np.bincount(codes) / len(codes)
        if len(self.classes_) < 2:
            raise InputError("y must have two classes or more", "one class", "Add another class.")
        return codes, "categorical"

    def _known(self, y: Any) -> np.ndarray | None:
        """y of the model's classes as codes, or numbers.

        Raises:
            InputError: a label that training did not see.
        """
        if y is None:
            return None
        y = column_or_1d(y)
        if self.classes_ is None:
            return y.astype("float64")
        codes = np.searchsorted(self.classes_, y).clip(0, len(self.classes_) - 1)
        if (foreign := self.classes_[codes] != y).any():
            raise InputError(
                f"y must hold labels that training saw, {', '.join(map(str, self.classes_))}",
                f"{y[foreign][0]!r}",
                "Omit these rows.",
            )
        return codes

    def _checked(self, X: Any, reset: bool = False) -> np.ndarray:
        """X as float64, with scikit-learn's errors."""
        if not reset:
            check_is_fitted(self, "model_")
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite=self._finite,
            ensure_min_samples=2 if reset else 1,
        )

    def _pixels(self, X: np.ndarray) -> Pixels:
        """The images in the rows, scaled from their smallest to their largest number."""
        shape = tuple(self.image_shape or ())
        if len(shape) not in (2, 3) or np.prod(shape) != X.shape[1]:
            raise InputError(
                "image_shape must be (height, width) or (height, width, channels) of X's columns",
                f"{shape} for {X.shape[1]} columns",
                "Correct it, or omit it for a table.",
            )
        return Pixels(shape, float(X.min()), float(X.max()))

    def _log_prob(self, X: np.ndarray, y: np.ndarray | None) -> np.ndarray:
        """log p(x | y), or log p(x); (n,) nats."""
        if y is None and self.class_prior_ is not None and self.image_shape is not None:
            return np.logaddexp.reduce(self._log_joint(X), axis=1)
        x, given = self._matrix.x(X), self._matrix.y(y)
        return row_scores(self.model_, x, given, self.num_samples, self._seed)

    def _log_joint(self, X: np.ndarray) -> np.ndarray:
        """log p(x, y), (n, num_classes) nats."""
        prior = np.asarray(self.class_prior_)
        codes = [np.full(len(X), code) for code in range(len(prior))]
        each = [self._log_prob(X, y) + np.log(prior[y[0]]) for y in codes]
        return np.stack(each, axis=1)

    def _drawn(self, num_samples: int, y: np.ndarray | None, seed: int) -> np.ndarray:
        """(n, d) rows, one for each y; if y is not known, for all classes."""
        if y is None and self.class_prior_ is not None:
            rng = np.random.default_rng(seed)
            y = rng.choice(len(self.class_prior_), num_samples, p=self.class_prior_)
        given = self._matrix.y(y)
        # rows of a table are always drawn; for images, expected values are more useful
        return self._matrix.back(self.model_.generate(given, num_samples, seed=seed))
