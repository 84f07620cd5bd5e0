"""Check images and labels and bring them to one form."""

import math
from typing import Any

import numpy as np

from condvae.checks import InputError, check_finite, check_range
from condvae.data.flat import unflattened
from condvae.data.mapped import as_mapped, by_rows, is_mapped
from condvae.spec import DataSpec

MOST_LABEL = 10**18  # larger numbers are not exact as floats, and are no class labels
CHANNELS = (1, 2, 3, 4)
ROW_BYTES = 128  # per label: its code, and the memory for sorting the labels


def bytes_needed(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Largest number of bytes that an array takes on its way from a file into a `Dataset`.

    It exists as read, as converted and joined with the test set's; names are also sorted.
    """
    final = {"f": 4, "S": 4 * dtype.itemsize, "U": dtype.itemsize}.get(dtype.kind, 1)
    # names are sorted and counted, which copies them
    copies = 4 if dtype.kind in "SU" else 2
    values, rows = math.prod(shape), shape[0] if shape else 1
    return values * (dtype.itemsize + copies * final) + rows * ROW_BYTES


def checked_images(x: Any, name: str = "x", spec: DataSpec | None = None) -> np.ndarray:
    """Images as (N, height, width, channels), uint8 or float32.

    Args:
        x: (N, height, width) or (N, height, width, channels): uint8, bool, other integers
            from 0 to 255, or floats; flat, (N, D), if the spec states the `image_shape`.
        name: name of the images in error messages.
        spec: states whether their channels come first; None: last.

    Returns:
        uint8 for bool (0 and 1) and integers, float32 for floats. Copied only if necessary;
        `MappedRows` if the array `is_mapped`.

    Raises:
        InputError: another shape or dtype, no images, an integer outside 0-255, NaN or infinity.
    """
    spec = spec or DataSpec()
    x = unflattened(as_mapped(x) if is_mapped(x) else _as_array(x, name), spec, name)
    if x.ndim not in (3, 4):
        raise InputError(
            f"{name} must have the shape (N, height, width) or (N, height, width, channels)",
            f"shape {x.shape}",
            "Reshape it to one image per row, or state the `image_shape` of flat images.",
        )
    x = channels_last(x, name, spec)
    if x.size == 0:
        raise InputError(
            f"{name} must hold at least one image", f"shape {x.shape}", "Pass some images."
        )
    if x.dtype.kind in "iu" and x.dtype != np.uint8:
        check_range(x, 0, 255, name)
    if x.dtype.kind in "biu":
        x = by_rows(x, lambda rows: rows.astype(np.uint8, copy=False))
    elif x.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            # checked after the conversion: a float64 beyond float32 becomes infinite
            x = by_rows(x, lambda rows: rows.astype(np.float32, copy=False))
            x = check_finite(x, name)
    else:
        raise InputError(
            f"{name} must hold pixels as uint8, bool, whole numbers from 0 to 255 or floats",
            f"dtype {x.dtype}",
            "Convert it with x.astype('uint8') or x.astype('float32').",
        )
    return x if x.ndim == 4 else by_rows(x, lambda rows: rows[..., np.newaxis])


def channels_last(x: np.ndarray, name: str, spec: DataSpec) -> np.ndarray:
    """Images (N, height, width, channels), transposed if the spec says channels come first."""
    if x.ndim != 4:
        return x
    is_first, is_last = x.shape[1] in CHANNELS, x.shape[3] in CHANNELS
    if spec.channels == "last" and looks_channels_first(x.shape):
        raise InputError(
            f"{name} must have its channels last, (N, height, width, channels)",
            f"shape {x.shape}, which looks like (N, channels, height, width)",
            "Transpose it with `channels='first'`, or with x.transpose(0, 2, 3, 1).",
        )
    if spec.channels == "first" and is_last and not is_first:
        raise InputError(
            f"{name} must have its channels first, as `channels='first'` says",
            f"shape {x.shape}, which looks like (N, height, width, channels)",
            "Leave `channels` out.",
        )
    if spec.channels == "last":
        return x
    return by_rows(x, lambda rows: np.ascontiguousarray(rows.transpose(0, 2, 3, 1)))


def looks_channels_first(shape: tuple[int, ...]) -> bool:
    """Whether images of this shape can only have their channels first."""
    return len(shape) == 4 and shape[1] in CHANNELS and shape[3] not in CHANNELS


def checked_labels(y: Any, num_images: int, name: str = "y") -> np.ndarray:
    """Labels as (N,) int64, bools or strings.

    Args:
        y: (N,) or (N, 1) integers, whole floats, bools or strings.
        num_images: N.
        name: name of the labels in error messages.

    Raises:
        InputError: another shape, another number of labels than of images, NaN, a number that
            is not whole or has over 18 digits, or values that are neither numbers nor strings.
    """
    y = _as_array(y, name)
    # a single column of a frame
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise InputError(
            f"{name} must hold one label per row, shape (N,) or (N, 1)",
            f"shape {y.shape}",
            "For one-hot rows pass y.argmax(axis=1).",
        )
    if len(y) != num_images:
        raise InputError(
            f"{name} must hold one label for each of the {num_images:,} images",
            f"{len(y):,} labels",
            "Pass equally many images and labels, in the same order.",
        )
    if y.dtype.kind == "f":
        fractional = np.flatnonzero(check_finite(y, name) != np.rint(y))
        if fractional.size:
            raise InputError(
                f"{name} must hold class labels: whole numbers or strings",
                f"{y[fractional[0]]:g} in row {fractional[0]}",
                "Pass classes; numbers are a condition in Dataset.from_columns({'name': y}, x).",
            )
    if y.dtype.kind in "iuf":
        # beyond this, int64 or float64 would merge two labels
        return check_range(y, -MOST_LABEL, MOST_LABEL, name).astype(np.int64, copy=False)
    if y.dtype.kind in "ST" or (y.dtype.kind == "O" and all(isinstance(v, str) for v in y)):
        y = _as_text(y, name)
    elif y.dtype.kind not in "bU":
        raise InputError(
            f"{name} must hold class labels: whole numbers or strings",
            f"dtype {y.dtype}",
            "Convert it with y.astype(int) or y.astype(str).",
        )
    return y


def _as_text(y: np.ndarray, name: str) -> np.ndarray:
    """Bytes and Python strings as NumPy strings."""
    try:
        return y.astype(str)
    except UnicodeError as error:
        raise InputError(
            f"{name} must hold text", f"bytes beyond ASCII ({error})", "Decode them to str."
        ) from None


def _as_array(values: Any, name: str) -> np.ndarray:
    """Return an array; refuse rows of different lengths."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError(
            f"{name} must be one array", f"rows that differ in shape ({error})", "Make them equal."
        ) from None
