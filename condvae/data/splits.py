"""Rows drawn from each class in proportion, the same rows for the same seed."""

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


# what the files and folders of a split are called
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
        condition: what y is.
    """

    x: np.ndarray
    given: np.ndarray
    rows: np.ndarray
    condition: Condition

    @cached_property
    def y(self) -> np.ndarray:
        """As TrainedModel takes it: (n,) labels, numbers or names; images; or `given`."""
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
        rest: the rows that are no test or validation set of the source's own.
        test: those that are; None: drawn as the spec says.
        validation: the same.
    """
    if test is None:
        # test first, so that it is the same whatever validation is
        kept, held_out = stratified_split(codes[rest], spec.test, spec.split_seed, TEST_STREAM)
        rest, test = rest[kept], rest[held_out]
    if validation is not None:
        return {"train": rest, "validation": validation, "test": test}
    if spec.validation == "test":
        return {"train": rest, "validation": test, "test": test}
    kept, held_out = stratified_split(
        codes[rest], spec.validation, spec.split_seed, VALIDATION_STREAM
    )
    return {"train": rest[kept], "validation": rest[held_out], "test": test}


def split_of_name(name: str) -> str:
    """The split of a file such as train_32x32.mat or test-00000-of-00002.parquet; "" of others."""
    word = re.match(r"[a-z]+", name.lower())
    return SPLITS.get(word[0], "") if word else ""


def splits_of_files(files: Sequence[Path], folder: Path) -> dict[Path, str]:
    """The split of each file by its name, in the order of the splits; "" where no name says any.

    Args:
        folder: in which they are; files of no split beside others are said.
    """
    splits = {file: split_of_name(file.name) for file in files}
    if "train" not in splits.values():
        return dict.fromkeys(splits, "")
    if others := [file.name for file, split in splits.items() if not split]:
        _log.warning("%s: %s of no split: passed over", folder, ", ".join(others[:5]))
    order = ("train", "validation", "test")
    return {file: split for name in order for file, split in splits.items() if split == name}


def rows_of_source(splits: np.ndarray | None) -> dict[str, Any]:
    """`test_rows` and `validation_rows` of a source that names the split of each row."""
    own = {} if splits is None else {n: np.flatnonzero(splits == n) for n in ("validation", "test")}
    return {f"{name}_rows": rows if rows.size else None for name, rows in own.items()}


def balanced_rows(y: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Rows drawn at random, as many of each class, or one more; all of a class that has too few.

    Args:
        y: (N,) class codes.
        count: rows in all.
        seed: of the draw.

    Returns:
        (count,) sorted rows.

    Raises:
        InputError: more than there are, or fewer than one for each class.
    """
    num_classes = len(np.unique(y))
    if not num_classes <= count <= len(y):
        raise InputError(
            f"labelled must be at least one row of each of the {num_classes} classes and at most "
            f"the {len(y):,} training rows",
            f"{count:,}",
            "Take a number between these.",
        )
    order = np.random.default_rng(seed).permutation(len(y))
    by_class = order[np.argsort(y[order], kind="stable")]
    # place of each row among those of its class: first all firsts, then all seconds, ...
    starts = np.searchsorted(y[by_class], y[by_class])
    places = np.empty(len(y), int)
    places[by_class] = np.arange(len(y)) - starts
    return np.sort(order[np.argsort(places[order], kind="stable")][:count])


def stratified_split(
    y: np.ndarray, fraction: float, seed: int, stream: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to keep and rows to hold out, each class in proportion.

    Largest remainder: a class of n rows gives floor or ceil of n * fraction, so that
    round(fraction * N) rows are held out in all. A class of two rows or more keeps at least
    one, also where another class must then give more than its share.

    Args:
        y: (N,) class codes.
        fraction: part to hold out, between 0 and 1.
        seed: of the draw.
        stream: draws with the same seed and different streams are independent.

    Returns:
        The rows kept and the rows held out, each sorted, together 0 to N - 1.

    Raises:
        InputError: one of the two sides would be empty, or the kept side would lack a class.
    """
    classes, counts = np.unique(y, return_counts=True)
    total = round(fraction * len(y))
    # a class of one row may go either way: its share decides
    most = np.where(counts > 1, counts - 1, counts)
    if not 0 < total <= min(most.sum(), len(y) - 1):
        raise InputError(
            "a split must leave at least one example of each class and hold out at least one "
            "example",
            f"the fraction {fraction:g} of {len(y):,} examples in {len(classes)} classes",
            "Change the fraction, or bring more examples.",
        )
    share = total * counts / len(y)
    held = np.floor(share).astype(int)
    for _ in range(total - held.sum()):
        # to the class whose part falls short most
        held[np.argmax(np.where(held < most, share - held, -np.inf))] += 1

    order = np.random.default_rng([seed, stream]).permutation(len(y))
    order = order.astype("int32")  # half the memory, and the rows are never so many
    # one permutation for all classes; stable, so that it orders the rows of each
    by_class = np.split(order[np.argsort(y[order], kind="stable")], np.cumsum(counts)[:-1])
    drawn = [rows[:count] for rows, count in zip(by_class, held, strict=True)]
    held_out = np.sort(np.concatenate(drawn)).astype(int)
    # not setdiff1d, whose hashing takes 20 s of a million rows
    is_kept = np.ones(len(y), bool)
    is_kept[held_out] = False
    return np.flatnonzero(is_kept), held_out
