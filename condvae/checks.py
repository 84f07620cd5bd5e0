"""Errors that the caller can correct: what was expected, what was received, and what to do."""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Python's representation of an open file or a buffer, which is not informative
OBJECT = re.compile(r"<[\w.]+ (object at 0x|name=)[^>]*>")


class InputError(ValueError):
    """A mistake that the caller can correct, described in three parts.

    The command line prints it without a traceback and exits with code 2.

    Args:
        expected: what the code expects, naming the argument, file or field.
        received: what was received instead, with the row or the value.
        remedy: what the caller can do; a complete sentence.
    """

    def __init__(self, expected: str, received: str, remedy: str):
        super().__init__(f"{expected}; received {received}. {remedy}")
        self.expected, self.received, self.remedy = expected, received, remedy

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        """Pickling, for transfer between processes."""
        return type(self), (self.expected, self.received, self.remedy)


class BeyondMemoryError(InputError):
    """An input that is too large for the memory bound."""


class UnseenConditionWarning(UserWarning):
    """A condition is outside of the training rows, so that the model extrapolates.

    It is a value outside the range seen in training, or a combination that no training row has.
    """


def reason_of(error: BaseException) -> str:
    """The message of a library's exception, in one line; objects in memory become "the content"."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {OBJECT.sub('the content', said)[:200]}"


def check_choice(value: str, choices: Iterable[str], name: str) -> str:
    """Return value if it is one of choices; otherwise raise, suggesting the nearest choice."""
    choices = list(choices)
    if value in choices:
        return value
    near = difflib.get_close_matches(str(value), choices, n=1)
    raise InputError(
        f"{name} must be one of {', '.join(choices)}",
        repr(value),
        f"Did you mean {near[0]!r}?" if near else "Use one of these.",
    )


def check_shape(array: "np.ndarray", shape: tuple[int | None, ...], name: str) -> "np.ndarray":
    """Return array if its shape fits; None in shape allows any size."""
    fits = len(array.shape) == len(shape) and all(
        want in (None, got) for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join("N" if n is None else str(n) for n in shape) + ")"
        raise InputError(
            f"{name} must have the shape {wanted}",
            f"shape {tuple(array.shape)}",
            "Reshape it, batch first.",
        )
    return array


def check_finite(array: "np.ndarray", name: str) -> "np.ndarray":
    """Return array if it is finite; otherwise raise, naming the first row that is not."""
    import numpy as np  # imported here, because `condvae --help` must not wait for it

    if array.dtype.kind != "f" or not array.size:
        return array
    # minimum and maximum suffice, without a mask as large as the array: both are NaN if there is
    # one
    with np.errstate(invalid="ignore"):
        if not np.isfinite([array.min(), array.max()]).all():
            least, greatest = _extremes(array)
            row = int((~np.isfinite(least) | ~np.isfinite(greatest)).argmax())
            value = array[row][~np.isfinite(array[row])].flat[0]
            raise InputError(
                f"{name} must hold finite numbers",
                f"{value} in row {row}",
                "Remove or correct that row.",
            )
    return array


def check_range(array: "np.ndarray", low: float, high: float, name: str) -> "np.ndarray":
    """Return array if low <= array <= high; otherwise raise, naming the first row that is not."""
    check_finite(array, name)
    if array.size and (array.min() < low or array.max() > high):
        least, greatest = _extremes(array)
        row = int(((least < low) | (greatest > high)).argmax())
        value = array[row][(array[row] < low) | (array[row] > high)].flat[0]
        raise InputError(
            f"{name} must lie in [{low:g}, {high:g}]",
            f"{value:g} in row {row}",
            "Rescale the data, or remove that row.",
        )
    return array


def _extremes(array: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
    """The smallest and the largest number of each row."""
    axes = tuple(range(1, array.ndim))
    return array.min(axis=axes), array.max(axis=axes)


def memory_bound() -> int:
    """Bytes allowed for reading an input: half of the machine's memory, or of its cgroup's."""
    # the total rather than the free memory, so that the result does not depend on other processes
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        group = int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):  # not cgroup v2, or "max"
        return machine // 2
    return min(machine, group) // 2


def check_memory(num_bytes: int, name: str, remedy: str = "") -> None:
    """Raise InputError if this exceeds the memory bound; call it before allocating.

    Args:
        remedy: an alternative for the user, as a sentence.
    """
    if num_bytes > (bound := memory_bound()):
        raise BeyondMemoryError(
            f"{name} must fit into half of this machine's memory ({bound / 1e9:,.1f} GB)",
            f"{num_bytes / 1e9:,.1f} GB" if num_bytes < 1e18 else "over a billion GB",
            remedy
            or "Use fewer or smaller images, or a larger machine; a damaged file may also announce "
            "this size.",
        )


def check_mask(given: "np.ndarray", name: str) -> "np.ndarray":
    """Return given, (batch, height, width), if each mask gives some pixels, but not all."""
    share = given.reshape(len(given), -1).mean(axis=1)  # (batch,)
    for row, part in enumerate(share):
        if part in (0, 1):
            raise InputError(
                f"{name} must give some pixels and leave some to predict",
                f"{'all pixels' if part else 'no pixel'} given in row {row}",
                "Draw another mask; in a mask image, white pixels are predicted.",
            )
    return given


def check_at_least(number: int, least: int, name: str) -> int:
    """Return number if it is an integer and at least `least`."""
    # NumPy's integers count, True does not
    if isinstance(number, bool) or not hasattr(number, "__index__") or number < least:
        raise InputError(
            f"{name} must be a whole number, {least} or more", f"{number!r}", "Correct it."
        )
    return number


def check_text(text: str, name: str) -> str:
    """Return text if it can be encoded; the name of a file may not be valid text."""
    if (encoded := text.encode(errors="replace").decode()) != text:
        raise InputError(f"{name} must be text that UTF-8 can hold", encoded, "Rename the file.")
    return text


def check_suffix(path: Path, *suffixes: str) -> Path:
    """Return path if its name ends in one of the suffixes."""
    if path.suffix.lower() not in suffixes:
        kinds = " or ".join(suffixes)
        raise InputError(f"the output must be a {kinds}", f"{path}", "Change its name.")
    return path


def check_new_path(path: Path, overwrite: bool = False) -> Path:
    """Return path if it is writable and would not replace anything of the user's.

    With overwrite a file may be replaced, a folder never.
    """
    path = Path(path)
    # the nearest existing folder, in which the others are created
    parent = next(p for p in [path.parent, *path.parent.parents] if p.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise InputError(
            f"the output must be in a writable folder ({path})",
            f"{parent}, which is {'read-only' if parent.is_dir() else 'a file'}",
            "Choose another place.",
        )
    if path.is_dir() or (path.exists() and not overwrite):
        raise InputError(
            "the output must be a new path",
            f"{path}, which is a folder" if path.is_dir() else f"{path}, which exists",
            "Choose another name."
            if path.is_dir()
            else "Choose another name, or `overwrite=True`.",
        )
    return path
