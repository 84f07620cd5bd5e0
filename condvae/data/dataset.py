"""Images and their condition, whole, with the splits drawn from them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np

from condvae.checks import InputError
from condvae.conditions import Categorical, categorical_of
from condvae.data.arrays import check_class_sizes, checked_images, checked_labels
from condvae.data.splits import stratified_split
from condvae.spec import DataSpec

TEST_STREAM, VALIDATION_STREAM = 0, 1


class Split(NamedTuple):
    """A part of a data set.

    Attributes:
        x: (n, height, width, channels) images.
        y: (n,) labels, as TrainedModel takes them: whole numbers, or names.
        codes: (n,) int32 class codes, as the Keras model takes them.
        rows: (n,) sorted positions in the data set.
    """

    x: np.ndarray
    y: np.ndarray
    codes: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Labelled images and how they are split.

    Attributes:
        x: (N, height, width, channels) uint8 or float32.
        codes: (N,) int32 class codes.
        condition: what y is called, and the classes' names in the order of their codes.
        name: a named set, a path, or "" for arrays.
        test_rows: rows of the source's own test set; None where it has none.
        spec: how the rest is split.
    """

    x: np.ndarray
    codes: np.ndarray
    condition: Categorical
    name: str = ""
    test_rows: np.ndarray | None = None
    spec: DataSpec = field(default_factory=DataSpec)

    @classmethod
    def from_arrays(
        cls,
        x: Any,
        y: Any,
        *,
        condition_name: str = "label",
        categories: Sequence[str] | None = None,
        name: str = "",
        test: tuple[Any, Any] | None = None,
        spec: DataSpec | None = None,
    ) -> Self:
        """A data set of arrays, checked.

        Args:
            x: (N, height, width[, channels]) uint8, bool, integers from 0 to 255, or floats.
            y: (N,) or (N, 1) labels: integers, whole floats or strings.
            condition_name: what y is called.
            categories: the classes' names in order, where y holds names or codes of them (see
                `Categorical.codes`); None: the labels that occur, sorted.
            name: what the data are called, in errors and reports.
            test: images and labels of a test set of their own.
            spec: how to split; None: the defaults.

        Raises:
            InputError: shapes, dtypes or values that do not fit, or a class with too few
                examples.
        """
        of_name = f" of {name}" if name else ""
        x = checked_images(x, f"x{of_name}")
        y = checked_labels(y, len(x), f"y{of_name}")
        num_own, test_rows = len(x), None
        if test is not None:
            x_test = checked_images(test[0], f"x_test{of_name}")
            y_test = checked_labels(test[1], len(x_test), f"y_test{of_name}")
            if (x.shape[1:], x.dtype) != (x_test.shape[1:], x_test.dtype):
                raise InputError(
                    f"the test images{of_name} must be like the others, {x.shape[1:]} {x.dtype}",
                    f"{x_test.shape[1:]} {x_test.dtype}",
                    "Bring both to one size and dtype.",
                )
            if y.dtype.kind != y_test.dtype.kind:
                raise InputError(
                    f"the test labels{of_name} must be of the same kind as the others, {y.dtype}",
                    f"{y_test.dtype}",
                    "Convert both to integers, or both to strings.",
                )
            x, y = np.concatenate([x, x_test]), np.concatenate([y, y_test])
            test_rows = np.arange(num_own, len(x))
        if categories is None:
            condition, codes = categorical_of(y, condition_name)
        else:
            condition = Categorical(name=condition_name, categories=tuple(categories))
            codes = condition.codes(y)
        return cls(x, codes, condition, name, test_rows, spec or DataSpec())

    def with_spec(self, spec: DataSpec) -> "Dataset":
        """The same images, split in another way."""
        return replace(self, spec=spec)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        height, width, channels = self.x.shape[1:]
        return height, width, channels

    @property
    def y(self) -> np.ndarray:
        """(N,) labels: whole numbers where all categories are, else names."""
        return self.condition.labels(self.codes)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return self.condition.dim

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names in the order of their codes."""
        return self.condition.categories

    @cached_property
    def x_max(self) -> int:
        """What stands for white: 255, or 1 for floats and for binary uint8 pixels."""
        return 1 if self.x.dtype != np.uint8 or self.x.max() == 1 else 255

    @cached_property
    def in_unit_interval(self) -> bool:
        """Whether x, as the model sees it, lies in [0, 1]."""
        return self.x.dtype == np.uint8 or bool(self.x.min() >= 0 and self.x.max() <= 1)

    @cached_property
    def assumption(self) -> str:
        """What the pixels were taken for."""
        if self.x.dtype == np.uint8:
            if self.x_max == 1:
                return "uint8 pixels whose maximum is 1: binary, taken as 0 and 1, not as 1/255"
            return "uint8 pixels 0-255: grey levels, divided by 255"
        if self.in_unit_interval:
            return "float pixels in [0, 1], taken as they are"
        low, high = self.x.min(), self.x.max()
        return f"float values from {low:g} to {high:g}, taken as they are"

    @cached_property
    def train(self) -> Split:
        """What the weights are found on."""
        return self._split(self._rows["train"])

    @cached_property
    def validation(self) -> Split:
        """What early stopping and the choice of settings look at."""
        return (
            self.test if self.spec.validation == "test" else self._split(self._rows["validation"])
        )

    @cached_property
    def test(self) -> Split:
        """What the reported figures are measured on."""
        return self._split(self._rows["test"])

    @cached_property
    def fingerprint(self) -> str:
        """sha256, in hex, of images, labels, names of the classes and the source's test rows."""
        own_test = None if self.test_rows is None else self.test_rows.tolist()
        head = [str(self.x.dtype), self.x.shape, str(self.codes.dtype), self.label_names, own_test]
        digest = hashlib.sha256(json.dumps(head).encode())
        digest.update(np.ascontiguousarray(self.x).data)
        digest.update(np.ascontiguousarray(self.codes).data)
        return digest.hexdigest()

    def split_record(self) -> dict[str, Any]:
        """The splits as `run.json` keeps them: the seed, the sizes and a sha256 of the rows."""
        return {
            "seed": self.spec.split_seed,
            "test_set": "drawn" if self.test_rows is None else "source",
            **{
                split: {
                    "size": len(rows),
                    "rows_sha256": hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest(),
                }
                for split, rows in self._rows.items()
            },
        }

    @cached_property
    def _rows(self) -> dict[str, np.ndarray]:
        """The rows of each split."""
        spec, rest, test = self.spec, np.arange(len(self.x)), self.test_rows
        if test is not None:
            rest = np.setdiff1d(rest, test)
        parts = ["training"] if spec.validation == "test" else ["training", "validation"]
        parts += ["test"] if test is None else []
        check_class_sizes(self.codes[rest], self.label_names, parts, self.name)
        if test is None:
            rest, test = stratified_split(self.codes, spec.test, spec.split_seed, TEST_STREAM)
        if spec.validation == "test":
            return {"train": rest, "validation": test, "test": test}
        kept, held_out = stratified_split(
            self.codes[rest], spec.validation, spec.split_seed, VALIDATION_STREAM
        )
        return {"train": rest[kept], "validation": rest[held_out], "test": test}

    def _split(self, rows: np.ndarray) -> Split:
        """The images and labels in these rows."""
        codes = self.codes[rows]
        return Split(self.x[rows], self.condition.labels(codes), codes, rows)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {self.x.shape} {self.x.dtype}, {self.condition})"
