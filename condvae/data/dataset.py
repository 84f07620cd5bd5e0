"""Images or rows of a table, their conditions, and their splits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions import (
    ALONE,
    Categorical,
    Condition,
    Image,
    Table,
    categorical_of,
    check_categorical,
    is_missing,
    named_kinds,
)
from condvae.data.arrays import checked_images
from condvae.data.columns import check_num_rows, check_table_columns, checked_columns, first_schema
from condvae.data.files import Files
from condvae.data.fingerprints import fingerprint_of_arrays, fingerprint_of_rows
from condvae.data.flat import flat_table, is_flat
from condvae.data.mapped import class_shares, rows_of
from condvae.data.measured import measured
from condvae.data.pairs import assumption_of, check_reading, checked_pixel_classes, greatest, joined
from condvae.data.pixel_forms import as_pixels
from condvae.data.small_classes import of_rows, rows_for_training_alone, rows_of_large_classes
from condvae.data.splits import Split, balanced_rows, rows_of_source, rows_of_splits
from condvae.data.stored_columns import fingerprint_of, sampled
from condvae.spec import DataSpec


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images or rows of a table, their conditions, and how they are split.

    Attributes:
        x: (N, height, width, channels) uint8 or float32, `MappedRows` if the data stay on disk;
            for a table `EncodedRows` or, on disk, `MappedRows`, (N, dim) float32 for the networks.
        given: (N,) int32 class codes, (N, height, width, channels) images, uint8 or float32, or
            (N, dim) float32, several encoded conditions.
        condition: name of y, and the names of its classes in the order of their codes.
        name: name of a built-in data set, a path, or "" for arrays.
        pixel_classes: names of the values of x if x is label maps; else None.
        test_rows: rows of the source's own test set; None if it has none.
        spec: how the rest is split.
        table: the columns of x if x is a table; else None.
        raw: {name: (N, ...) values} of conditions and table as received, on which their scales
            are measured again if the split changes; `StoredColumns` for a packed table; None
            without a schema and a table.
        validation_rows: rows of the source's own validation set; None if it has none.
        files: the files that the images were read from, if any.
    """

    x: np.ndarray
    given: np.ndarray
    condition: Condition
    name: str = ""
    pixel_classes: tuple[str, ...] | None = None
    test_rows: np.ndarray | None = None
    spec: DataSpec = field(default_factory=DataSpec)
    table: Table | None = None
    raw: Mapping[str, np.ndarray] | None = None
    validation_rows: np.ndarray | None = None
    files: Files | None = None

    @classmethod
    def from_arrays(
        cls,
        x: Any,
        y: Any,
        *,
        condition_name: str = "",
        categories: Sequence[str] | None = None,
        pixel_classes: Sequence[str] | np.ndarray | None = None,
        name: str = "",
        validation: tuple[Any, Any] | None = None,
        test: tuple[Any, Any] | None = None,
        splits: np.ndarray | None = None,
        files: Files | None = None,
        spec: DataSpec | None = None,
    ) -> "Dataset":
        """A data set of arrays, after checks.

        Args:
            x: (N, height, width[, channels]) uint8, bool, integers from 0 to 255, or floats; flat
                rows, (N, D), are images of `spec.image_shape`, or a table of numbers.
            y: (N,) or (N, 1) labels: integers, whole floats or strings; or images like x.
            condition_name: name of y; "label" or "image" if empty.
            categories: names of the classes in order, if y holds their names or codes (see
                `Categorical.codes`); None: the labels that occur, sorted.
            pixel_classes: names of the classes; x is then label maps, integers from 0.
            name: name of the data in errors and reports.
            validation: x and y of a separate validation set.
            test: x and y of a separate test set.
            splits: (N,) "train", "validation" or "test", if x and y hold all splits.
            files: the files that the images were read from.
            spec: how to split; None: the defaults, with the task that follows from y.

        Raises:
            InputError: unsuitable shapes, dtypes or values, or too few rows of a class.
        """
        of_name, spec = f" of {name}" if name else "", spec or DataSpec()
        pairs = {"train": (x, y), "validation": validation, "test": test}
        if is_flat(x, spec):
            return cls.from_columns(**flat_table(pairs, condition_name or "label", spec), name=name)
        x, y, split_of_row = joined(pairs, of_name, spec)
        splits = split_of_row if splits is None else splits
        own_name = condition_name or ("image" if y.ndim > 1 else "label")
        check_reading(spec, own_name, x.shape, of_name)
        if pixel_classes is not None and y.ndim == 1:
            raise InputError(
                f"label maps{of_name} must come with images as y",
                "one label per row",
                "Pass the image of each map as y; labels are not supported yet.",
            )
        if pixel_classes is not None:
            pixel_classes = checked_pixel_classes(x, pixel_classes, f"x{of_name}")
        else:
            x, spec = as_pixels(x, spec, f"x{of_name}")
        if y.ndim > 1:
            condition: Condition = Image(name=own_name, image_shape=y.shape[1:], y_max=greatest(y))
            given = y
            if spec.task == "class":
                spec = spec.model_copy(update={"task": "image"})
        elif categories is None:
            condition, given = categorical_of(y, own_name)
            names, least = condition.categories, spec.drop_small_classes
            rows = rows_of_large_classes(names, given, least, name)
            x, y, splits, files = of_rows(rows, x, y, splits, files)
            condition, given = (condition, given) if rows is None else categorical_of(y, own_name)
        else:
            condition = Categorical(name=own_name, categories=tuple(categories))
            given = condition.codes(y)
        own = rows_of_source(splits)
        return cls(x, given, condition, name, pixel_classes, spec=spec, files=files, **own)

    @classmethod
    def from_columns(
        cls,
        columns: Mapping[str, Any],
        x: Any = None,
        *,
        name: str = "",
        splits: np.ndarray | None = None,
        files: Files | None = None,
        spec: DataSpec | None = None,
        of_file: Mapping[str, Any] = MappingProxyType({}),
        kinds: Mapping[str, str] = MappingProxyType({}),
    ) -> "Dataset":
        """A data set of named columns: conditions of images, or a table with its conditions.

        `spec.conditions` names the columns that are conditions, and their kinds if the values are
        ambiguous; for images, all columns if it names none. `spec.ignore` lists columns to leave
        out. The remaining columns of a table are x. Scales and ranges are those of the training
        rows.

        Args:
            columns: {name: (N,) or (N, dim) numbers or text}, NaN or "" if missing.
            x: (N, height, width[, channels]) images; None: a table.
            name: name of the data in errors and reports.
            splits: (N,) "train", "validation" or "test", if the source states them.
            files: the files that the images were read from.
            spec: conditions, columns to ignore, and how to split.
            of_file: facts about a table from its file, as `Table.of_file`.
            kinds: kinds of conditions, if neither spec nor values should decide.

        Raises:
            InputError: unsuitable columns, kinds or values.
        """
        of_name, spec = f" of {name}" if name else "", spec or DataSpec()
        raw = checked_columns(columns, spec.ignore)
        named = named_kinds(spec.conditions, list(raw))
        if x is None:
            check_table_columns(raw, named)
        else:
            x = checked_images(x, f"x{of_name}", spec)
            x, spec = as_pixels(x, spec, f"x{of_name}")
            if not raw:
                raise InputError(
                    f"images{of_name} must come with a condition",
                    "no column that is not ignored",
                    "Pass a column of labels or numbers.",
                )
            named = named or dict.fromkeys(raw)
            check_num_rows(raw, len(x))
        said = {column: kind or kinds.get(column) for column, kind in named.items()}
        # measured on all rows, whose classes decide the split; then on its training rows
        schema, encoded = first_schema(raw, said)
        rows = rows_of_large_classes(*schema.strata(encoded), spec.drop_small_classes, name)
        if rows is not None:
            x, splits, files = of_rows(rows, x, splits, files)
            raw = {column: values[rows] for column, values in raw.items()}
            schema, encoded = first_schema(raw, said)
        own = {"spec": spec, "files": files, **rows_of_source(splits)}
        only = schema.conditions[0] if len(said) == 1 else None
        is_class = only is not None and only.classes is not None and ALONE in only.places
        if x is not None and only and is_class and not is_missing(raw[only.name]).any():
            # a single class without missing values stays codes, which only the model makes one-hot
            condition, codes = categorical_of(raw[only.name], only.name)
            return cls(x, codes, condition, name, **own)
        # columns of a table are measured once, on the training rows
        images = np.empty((len(encoded), 0), "float32") if x is None else x
        whole = cls(images, encoded, schema, name, raw=raw, **own)
        return measured(whole, of_file if x is None else None)

    def with_spec(self, spec: DataSpec) -> "Dataset":
        """The same data, split differently; scales are measured again on the training rows."""
        if spec == self.spec:
            return self
        of_file = None if self.table is None else self.table.of_file
        return measured(replace(self, spec=spec), of_file)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width, channels), or (dim,) for a table."""
        return self.x.shape[1:]

    @property
    def y(self) -> np.ndarray:
        """(N,) labels, as integers if all categories are integers, else as names; or images."""
        return self.condition.labels(self.given)

    @property
    def codes(self) -> np.ndarray:
        """(N,) int32 class codes; of several conditions, those of the first class never missing.

        Without one, all rows are of one class.
        """
        return self.condition.strata(self.given)[1]

    @property
    def num_classes(self) -> int:
        """Number of classes; InputError if the condition is not a class."""
        return check_categorical(self.condition).dim

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes' names in the order of their codes; InputError as above."""
        return check_categorical(self.condition).categories

    @property
    def unit(self) -> str:
        """What the items of x are called, in the plural."""
        return "images" if self.table is None else "rows"

    @cached_property
    def x_max(self) -> int:
        """The value of white: 255, 1 for floats and binary uint8, the last class of label maps."""
        return greatest(self.x) if self.pixel_classes is None else len(self.pixel_classes) - 1

    def mean_of(self, x: np.ndarray) -> np.ndarray:
        """The mean of some images, in units of the model's x; class shares for label maps.

        Args:
            x: (n, *image_shape).

        Returns:
            (*image_shape,), or (height, width, number of classes), float64.
        """
        if self.pixel_classes is not None:
            return class_shares(x, len(self.pixel_classes))
        mean = x.mean(axis=0, dtype="float64")
        return mean if x.dtype.kind == "f" else mean / self.x_max

    @cached_property
    def in_unit_interval(self) -> bool:
        """Whether x, as the model sees it, lies in [0, 1]; false for a table."""
        if self.table is not None:
            return False
        return self.x.dtype == np.uint8 or bool(self.x.min() >= 0 and self.x.max() <= 1)

    @cached_property
    def assumption(self) -> str:
        """How the pixels, or the columns, were interpreted."""
        if self.table is not None:
            return self.table.counted(self.spec.scaling)
        if self.pixel_classes is not None:
            return f"label maps: each pixel is one of {', '.join(self.pixel_classes)}"
        return assumption_of(self.x, self.x_max)

    @cached_property
    def train(self) -> Split:
        """The rows that the weights are trained on."""
        return self._split(self.rows["train"])

    @cached_property
    def labelled(self) -> np.ndarray | None:
        """Positions in the training split of the rows whose label is used; None: all rows.

        Raises:
            InputError: more than the training rows, fewer than the classes, or no classes.
        """
        if self.spec.labelled is None:
            return None
        check_categorical(self.condition)
        return balanced_rows(self.train.given, self.spec.labelled, self.spec.labelled_seed)

    @cached_property
    def validation(self) -> Split:
        """The rows on which the best epoch, and settings, are selected."""
        by_test = self.spec.validation == "test"
        return self.test if by_test else self._split(self.rows["validation"])

    @cached_property
    def test(self) -> Split:
        """The rows on which the reported figures are measured."""
        return self._split(self.rows["test"])

    @cached_property
    def fingerprint(self) -> str:
        """sha256, in hex, of x, y, classes and the source's test rows; of columns as received."""
        own_test = None if self.test_rows is None else self.test_rows.tolist()
        own_validation = [] if self.validation_rows is None else [self.validation_rows.tolist()]
        if self.raw is not None:
            several = self.condition.by_name
            conditions = () if several is None else several.names
            # no column name is empty
            columns = self.raw if self.table is not None else {**self.raw, "": self.x}
            return fingerprint_of(columns, [conditions, own_test, *own_validation])
        # y and classes need no more; other data add to it, so that sums of released runs stay valid
        head: list[Any] = [self.condition.strata(self.given)[0], own_test]
        if self.condition.is_image or self.pixel_classes:
            head += [self.given.shape, self.pixel_classes]
        return fingerprint_of_arrays(self.x, self.given, head + own_validation)

    def split_record(self) -> dict[str, Any]:
        """The splits as stored in `run.json`: the seed, the sizes and a sha256 of the rows."""
        labelled = {} if self.labelled is None else {"labelled": self.train.rows[self.labelled]}
        sample = sampled(self.raw, self.rows["train"])
        fitted = {} if sample is None else {"sample": sample}
        sums = {
            split: {"size": len(rows), "rows_sha256": fingerprint_of_rows(rows)}
            for split, rows in {**self.rows, **labelled, **fitted}.items()
        }
        test_set = "drawn" if self.test_rows is None else "source"
        return {"seed": self.spec.split_seed, "test_set": test_set, **sums}

    @cached_property
    def rows(self) -> dict[str, np.ndarray]:
        """The rows of each split."""
        spec, test = self.spec, self.test_rows
        validation = None if spec.validation == "test" else self.validation_rows
        theirs = [rows for rows in (test, validation) if rows is not None]
        rest = np.delete(np.arange(len(self.x)), np.concatenate([*theirs, np.empty(0, int)]))
        drawn = {
            "validation": spec.validation != "test" and validation is None,
            "test": test is None,
        }
        parts = ["training", *(name for name, is_drawn in drawn.items() if is_drawn)]
        names, codes = self.condition.strata(self.given)
        few = rows_for_training_alone(codes, names, rest, parts, self.name)
        large = np.setdiff1d(rest, few, assume_unique=True) if few.size else rest
        rows = rows_of_splits(codes, large, test, spec, validation)
        rows["train"] = np.sort(np.concatenate([rows["train"], few]))
        return {split: of_split.astype("int32") for split, of_split in rows.items()}

    def _split(self, rows: np.ndarray) -> Split:
        """The images in these rows, and their conditions."""
        return Split(rows_of(self.x, rows), self.given[rows], rows, self.condition)

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {self.x.shape} {self.x.dtype}, {self.condition})"
