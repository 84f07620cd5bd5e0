"""Matrices of numbers as data sets, and a model's results as matrices."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.spec import DataSpec

GIVEN = "given"  # name of the condition; columns are named by their number


class Matrix(ABC):
    """The meaning of the columns of X for the networks: numbers of a table, or pixels."""

    @abstractmethod
    def dataset(self, X: np.ndarray, y: np.ndarray | None, kind: str, spec: DataSpec) -> Dataset:
        """X, (n, d), with y, (n,) class codes or numbers as `kind` says; None: no condition."""

    @abstractmethod
    def x(self, X: np.ndarray) -> Any:
        """X in the form that a model takes."""

    @abstractmethod
    def y(self, y: np.ndarray | None) -> Any:
        """y in the form that a model takes; None: not known."""

    @abstractmethod
    def back(self, x: Any) -> np.ndarray:
        """(n, d) float64 from a model's result."""


class Columns(Matrix):
    """Numbers with any distributions, which may be missing, as may y."""

    def dataset(self, X: np.ndarray, y: np.ndarray | None, kind: str, spec: DataSpec) -> Dataset:
        """See `Matrix.dataset`."""
        kinds = tuple(f"{name}:number" for name in self.x(X))
        spec = spec.model_copy(update={"kinds": kinds})
        if y is None:
            return Dataset.from_columns(self.x(X), spec=spec)
        spec = spec.model_copy(update={"conditions": (f"{GIVEN}:{kind}",)})
        return Dataset.from_columns({**self.x(X), GIVEN: y}, spec=spec)

    def x(self, X: np.ndarray) -> dict[str, np.ndarray]:
        """{column: (n,) values}."""
        return {f"x{number}": X[:, number] for number in range(X.shape[1])}

    def y(self, y: np.ndarray | None) -> dict[str, np.ndarray]:
        """The condition by name, or none."""
        return {} if y is None else {GIVEN: y}

    def back(self, x: dict[str, np.ndarray]) -> np.ndarray:
        """See `Matrix.back`."""
        columns = [x[f"x{number}"] for number in range(len(x.keys() - {GIVEN}))]
        return np.stack(columns, axis=1).astype("float64")


@dataclass(frozen=True)
class Pixels(Matrix):
    """Flattened images, scaled from black to white.

    Attributes:
        shape: (height, width) or (height, width, channels).
        black: the smallest number in training.
        white: the largest one; numbers outside this range are clipped.
    """

    shape: tuple[int, ...]
    black: float
    white: float

    def dataset(self, X: np.ndarray, y: np.ndarray | None, kind: str, spec: DataSpec) -> Dataset:
        """See `Matrix.dataset`."""
        if kind != "categorical":
            raise InputError("y of images must be classes", "numbers", "Omit image_shape.")
        spec = spec.model_copy(update={"x_range": (0.0, 1.0)})
        codes = np.zeros(len(X), int) if y is None else y
        return Dataset.from_arrays(self.x(X), codes, condition_name=GIVEN, spec=spec)

    def x(self, X: np.ndarray) -> np.ndarray:
        """(n, height, width, channels) float32 in [0, 1]."""
        height, width, channels = (*self.shape, 1)[:3]
        scaled = (X - self.black) / max(self.white - self.black, 1e-9)
        return scaled.clip(0, 1).astype("float32").reshape(-1, height, width, channels)

    def y(self, y: np.ndarray | None) -> Any:
        """Class codes; any of them if y is not known, where it has no effect."""
        return 0 if y is None else y

    def back(self, x: np.ndarray) -> np.ndarray:
        """See `Matrix.back`."""
        flat = x.reshape(len(x), -1).astype("float64")
        return self.black + flat * (self.white - self.black)
