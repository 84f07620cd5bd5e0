"""Some images of a data set, and how each was interpreted."""

from typing import NamedTuple

import numpy as np

from condvae.data.dataset import Dataset


class Example(NamedTuple):
    """One image.

    Attributes:
        row: row in the data set.
        given: its condition, such as "cat", or "age=31, town=missing"; "" for images.
        file: name, size and mode of its file, such as "cat/001.png, 32 × 24 RGB"; "" for arrays.
        split: "train", "validation" or "test".
    """

    row: int
    given: str
    file: str
    split: str


def examples(dataset: Dataset, count: int = 10) -> list[Example]:
    """The first image of each class in each split, then the second ones, up to count images."""
    names = ("train", "validation", "test")
    place = np.zeros(len(dataset.x), int)
    # the test images may also serve as validation
    for number, split in ((1, dataset.validation), (2, dataset.test)):
        place[split.rows] = number
    codes = dataset.codes
    group = place * (int(codes.max()) + 1) + codes
    ordered = np.argsort(group, kind="stable")
    turn = np.empty(len(codes), int)
    turn[ordered] = np.arange(len(codes)) - np.searchsorted(group[ordered], group[ordered])
    rows = np.lexsort((group, turn))[:count]
    given = _given(dataset, rows)
    files = None if dataset.files is None else dataset.files[rows]
    of_file = [""] * len(rows)
    if files is not None:
        of_file = [f"{name}, {form}" for name, form in zip(files.names, files.forms, strict=True)]
    splits = [names[number] for number in place[rows]]
    return [Example(*one) for one in zip(rows.tolist(), given, of_file, splits, strict=True)]


def describe_examples(dataset: Dataset) -> str:
    """Ten images, one line each."""
    lines = []
    for row, given, file, split in examples(dataset):
        what = [file] if file else []
        what += [f"{dataset.condition.name} {given}".strip()] if given else []
        lines.append(f"image {row:<6} {'; '.join([*what, split])}")
    return "\n".join(lines)


def _given(dataset: Dataset, rows: np.ndarray) -> list[str]:
    """The condition of each, as text."""
    condition, given = dataset.condition, dataset.given[rows]
    if condition.is_image:
        return [""] * len(rows)
    if (several := condition.by_name) is None:
        return [str(label) for label in condition.labels(given).tolist()]
    values, known = several.decode(given), several.is_given(given)
    return [
        ", ".join(
            f"{name}={_text(values[name][place]) if known[name][place] else 'missing'}"
            for name in values
        )
        for place in range(len(rows))
    ]


def _text(value: np.ndarray) -> str:
    """One value of a condition."""
    if np.ndim(value) > 1:
        return "an image"
    if np.ndim(value):
        return "(" + ", ".join(map(_text, value)) + ")"
    return f"{value:g}" if isinstance(value, np.floating | float) else str(value)
