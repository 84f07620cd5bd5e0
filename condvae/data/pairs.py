"""Check images and what belongs to each of them: a label or another image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from condvae.checks import InputError, check_range
from condvae.data.arrays import checked_images, checked_labels
from condvae.data.mapped import blocks, concatenated_rows, num_axes
from condvae.spec import DataSpec


def checked_pair(
    x: Any, y: Any, x_name: str, y_name: str, spec: DataSpec | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Images, and equally many labels or images as their conditions."""
    spec = spec or DataSpec()
    x = checked_images(x, x_name, spec)
    # (N,) or (N, 1): one label each
    if num_axes(y) < 3:
        return x, checked_labels(y, len(x), y_name)
    y = checked_images(y, y_name, spec)
    if len(y) != len(x):
        raise InputError(
            f"{y_name} must hold one image for each of the {len(x):,} in x",
            f"{len(y):,}",
            "Pass equally many, in the same order.",
        )
    return x, y


def joined(
    pairs: Mapping[str, tuple[Any, Any] | None], of_name: str, spec: DataSpec
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Images and labels of several splits, concatenated, and the split of each row.

    Args:
        pairs: x and y by split name, the training images first; None if there are none.
        of_name: suffix of x and y in error messages.
        spec: layout of the images.

    Returns:
        x, y and the splits by name; None if there is only one split.

    Raises:
        InputError: a pair that is invalid, by itself or beside the first.
    """
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    there = {split: pair for split, pair in pairs.items() if pair is not None}
    for split, (x, y) in there.items():
        suffix = "" if split == "train" else f"_{'val' if split == 'validation' else split}"
        x, y = checked_pair(x, y, f"x{suffix}{of_name}", f"y{suffix}{of_name}", spec)
        parts.append((x, y))
        first, given = parts[0]
        check_alike(first, x, f"the {split} images{of_name}")
        if y.ndim > 1 or given.ndim > 1:
            check_alike(given, y, f"what is given about the {split} images{of_name}")
        elif y.dtype.kind != given.dtype.kind:
            raise InputError(
                f"the {split} labels{of_name} must be of the same kind as the others, "
                f"{given.dtype}",
                f"{y.dtype}",
                "Convert both to integers, or both to strings.",
            )
    if len(parts) == 1:
        return *parts[0], None
    splits = np.repeat([*there], [len(x) for x, _ in parts])
    return *(concatenated_rows(part) for part in zip(*parts, strict=True)), splits


def check_reading(spec: DataSpec, own: str, shape: tuple[int, ...], of_name: str) -> None:
    """Raise if columns or a size are requested for data that are images with one label each."""
    named = {name.partition(":")[0] for name in spec.conditions} - {own}
    if named or spec.ignore:
        raise InputError(
            f"the data{of_name} must have columns to choose from",
            f"--condition or --ignore {', '.join([*sorted(named), *spec.ignore])}, where the only "
            f"condition is {own!r}",
            "Leave them out.",
        )
    if spec.resize is not None and shape[1:3] != spec.resize:
        raise InputError(
            f"`resize` must come with a folder of images, not the data{of_name}",
            f"{spec.resize}",
            "Leave it out, or use images of that size.",
        )


def check_alike(images: np.ndarray, others: np.ndarray, name: str) -> None:
    """Raise if other images differ in size or dtype."""
    if (images.shape[1:], images.dtype) != (others.shape[1:], others.dtype):
        raise InputError(
            f"{name} must be like the others, {images.shape[1:]} {images.dtype}",
            f"{others.shape[1:]} {others.dtype}",
            "Convert both to one size and dtype.",
        )


def checked_pixel_classes(
    x: np.ndarray, names: Sequence[str] | np.ndarray, name: str
) -> tuple[str, ...]:
    """The names, if x is label maps of that many classes."""
    try:
        names = tuple(str(text) for text in np.ravel(names))
        # they are written as JSON, so names that UTF-8 cannot encode are refused here
        "".join(names).encode()
    except (UnicodeError, SystemError):  # NumPy accepts any number as a character
        names = ()
    if not 2 <= len(names) <= 256 or len(set(names)) < len(names):
        raise InputError(
            "pixel_classes must be different names, from 2 to 256",
            ", ".join(map(repr, names[:12]))[:200] or "names that UTF-8 cannot encode",
            "Name each class once, in the order of their numbers in x.",
        )
    if x.dtype != np.uint8 or x.shape[-1] != 1:
        raise InputError(
            f"{name}, as label maps, must be whole numbers of one channel",
            f"{x.dtype} of {x.shape[-1]} channels",
            "Pass the class of each pixel, not its colour.",
        )
    check_range(x, 0, len(names) - 1, f"{name}, as label maps of {len(names)} classes,")
    return names


def greatest(images: np.ndarray) -> int:
    """The integer that represents one: 255, or 1 for floats and for binary uint8 pixels."""
    if images.dtype != np.uint8:
        return 1
    # the first rows nearly always decide, and the others need not be read
    found = 0
    for block in blocks(images):
        found = max(found, int(block.max()))
        if found > 1:
            return 255
    return 1 if found == 1 else 255


def assumption_of(x: np.ndarray, x_max: int) -> str:
    """How pixels were interpreted; x_max as for `greatest`."""
    if x.dtype == np.uint8:
        if x_max == 1:
            return "uint8 pixels whose maximum is 1: binary, taken as 0 and 1, not as 1/255"
        levels = "colours" if x.ndim == 4 and x.shape[-1] >= 3 else "grey levels"
        return f"uint8 pixels 0-255: {levels}, divided by 255"
    low, high = x.min(), x.max()
    if low >= 0 and high <= 1:
        return "float pixels in [0, 1], taken as they are"
    return f"float values from {low:g} to {high:g}, taken as they are"
