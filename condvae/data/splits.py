"""Draw rows from each class in proportion; the same seed gives the same rows."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.conditions import Condition
from condvae.spec import DataSpec

TEST_STREAM, VALIDATION_STREAM, SAMPLE_STREAM = 0, 1, 2
_log = logging.getLogger(__name__)


# names of the files and folders of a split
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


@dataclass(frozen=True, eq=False)
class Split:
    """A part of a data set.

    Attributes:
        x: (n, height, width, channels) images, or `EncodedRows` of a table, (n, dim).
        given: y as the Keras model takes it: (n,) int32 class codes, images, or (n, dim).
        rows: (n,) sorted positions in the data set.
        condition: the kind of y.
    """

    x: np.ndarray
    given: np.ndarray
    rows: np.ndarray
    condition: Condition

    @cached_property
    def y(self) -> np.ndarray:
        """y as TrainedModel takes it: (n,) labels, numbers or names; images; or `given`."""
        return self.condition.labels(self.given)


def rows_of_splits(
    codes: np.ndarray,
    rest: np.ndarray,
    test: np.ndarray | None,
    spec: DataSpec,
    validation: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """The rows for training, validation and test, by these names.

    Args:
        codes: (N,) class codes.
        rest: the rows that are not in a test or validation set of the source's own.
        test: rows of the source's own test set; None: drawn as the spec says.
        validation: rows of the source's own validation set, likewise.
    """
    if test is None:
        # test first, so that it does not depend on the validation share
        fraction = _of_a_row(spec.test, rest)
        kept, held_out = stratified_split(codes[rest], fraction, spec.split_seed, TEST_STREAM)
        rest, test = rest[kept], rest[held_out]
    if validation is not None:
        return {"train": rest, "validation": validation, "test": test}
    if spec.validation == "test":
        return {"train": rest, "validation": test, "test": test}
    fraction = _of_a_row(spec.validation, rest)
    kept, held_out = stratified_split(codes[rest], fraction, spec.split_seed, VALIDATION_STREAM)
    return {"train": rest[kept], "validation": rest[held_out], "test": test}


def _of_a_row(fraction: float, rows: np.ndarray) -> float:
    """A share of the rows, of one at least."""
    return max(fraction, 1 / max(len(rows), 1)) if fraction else fraction


def split_of_name(name: str) -> str:
    """The split of a file such as train_32x32.mat or test-00000-of-00002.parquet; "" for others."""
    word = re.match(r"[a-z]+", name.lower())
    return SPLITS.get(word[0], "") if word else ""


def splits_of_files(files: Sequence[Path], folder: Path) -> dict[Path, str]:
    """The split of each file by its name, in the order of the splits; "" if no name states one.

    Args:
        folder: their folder; files that belong to no split beside others are reported.
    """
    splits = {file: split_of_name(file.name) for file in files}
    if "train" not in splits.values():
        return dict.fromkeys(splits, "")
    if others := [file.name for file, split in splits.items() if not split]:
        _log.warning("%s: %s: no splits, skipped", folder, ", ".join(others[:5]))
    order = ("train", "validation", "test")
    return {file: split for name in order for file, split in splits.items() if split == name}


def rows_of_source(splits: np.ndarray | None) -> dict[str, Any]:
    """`test_rows` and `validation_rows` of a source that states the split of each row."""
    own = {} if splits is None else {n: np.flatnonzero(splits == n) for n in ("validation", "test")}
    return {f"{name}_rows": rows if rows.size else None for name, rows in own.items()}


def balanced_rows(y: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Random rows, equally many of each class, or one more; all of a class that has too few.

    Args:
        y: (N,) class codes.
        count: number of rows in total.
        seed: seed of the draw.

    Returns:
        (count,) sorted rows.

    Raises:
        InputError: more than there are, or fewer than one per class.
    """
    num_classes = len(np.unique(y))
    if not num_classes <= count <= len(y):
        raise InputError(
            f"labelled must be at least one row of each of the {num_classes} classes and at most "
            f"the {len(y):,} training rows",
            f"{count:,}",
            "Use a number in this range.",
        )
    order = np.random.default_rng(seed).permutation(len(y))
    by_class = order[np.argsort(y[order], kind="stable")]
    # rank of each row within its class: first all firsts, then all seconds, ...
    starts = np.searchsorted(y[by_class], y[by_class])
    places = np.empty(len(y), int)
    places[by_class] = np.arange(len(y)) - starts
    return np.sort(order[np.argsort(places[order], kind="stable")][:count])


def stratified_split(
    y: np.ndarray, fraction: float, seed: int, stream: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to keep and rows to hold out, each class in proportion.

    Largest remainder: a class of n rows gives floor or ceil of n * fraction, so that
    round(fraction * N) rows are held out in total. A class of two or more rows keeps at least
    one, even if another class must then give more than its share.

    Args:
        y: (N,) class codes.
        fraction: share to hold out, between 0 and 1.
        seed: seed of the draw.
        stream: draws with the same seed and different streams are independent.

    Returns:
        The rows kept and the rows held out, each sorted, together 0 to N - 1.

    Raises:
        InputError: one side would be empty, or the kept side would lack a class.
    """
    classes, counts = np.unique(y, return_counts=True)
    total = round(fraction * len(y))
    # a class of one row may go either way, depending on its share
    most = np.where(counts > 1, counts - 1, counts)
    if not 0 < total <= min(most.sum(), len(y) - 1):
        raise InputError(
            "a split must leave at least one example of each class and hold out at least one "
            "example",
            f"the fraction {fraction:g} of {len(y):,} examples in {len(classes)} classes",
            "Change the fraction, or add more examples.",
        )
    share = total * counts / len(y)
    held = np.floor(share).astype(int)
    for _ in range(total - held.sum()):
        # to the class that falls short the most
        held[np.argmax(np.where(held < most, share - held, -np.inf))] += 1

    order = np.random.default_rng([seed, stream]).permutation(len(y))
    order = order.astype("int32")  # half the memory, and there are never that many rows
    # one permutation for all classes; the stable sort orders the rows within each
    by_class = np.split(order[np.argsort(y[order], kind="stable")], np.cumsum(counts)[:-1])
    drawn = [rows[:count] for rows, count in zip(by_class, held, strict=True)]
    held_out = np.sort(np.concatenate(drawn)).astype(int)
    # not setdiff1d, whose hashing takes 20 s for a million rows
    is_kept = np.ones(len(y), bool)
    is_kept[held_out] = False
    return np.flatnonzero(is_kept), held_out
