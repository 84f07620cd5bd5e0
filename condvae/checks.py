"""What a caller can mend: one sentence with what was expected, what came, and what to do."""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# as Python shows an open file or a buffer, which tells a user nothing
OBJECT = re.compile(r"<[\w.]+ (object at 0x|name=)[^>]*>")


class InputError(ValueError):
    """A mistake that the caller can mend, said in three parts.

    The command line prints it without a traceback and exits with code 2.

    Args:
        expected: what the code needs, naming the argument, file or field.
        received: what came instead, with the row or the value.
        remedy: what the caller can do; a sentence of its own.
    """

    def __init__(self, expected: str, received: str, remedy: str):
        super().__init__(f"{expected}; received {received}. {remedy}")
        self.expected, self.received, self.remedy = expected, received, remedy

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        """From process to process."""
        return type(self), (self.expected, self.received, self.remedy)


class BeyondMemoryError(InputError):
    """An input that memory should not hold."""


class UnseenConditionWarning(UserWarning):
    """What is given was in no training row, so that the model extrapolates.

    A value outside the range seen in training, or values that never came together.
    """


def reason_of(error: BaseException) -> str:
    """What a library's exception says, in a line; an object in memory is called "the content"."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {OBJECT.sub('the content', said)[:200]}"


def check_choice(value: str, choices: Iterable[str], name: str) -> str:
    """Return value if it is one of choices; else raise, naming the nearest choice."""
    choices = list(choices)
    if value in choices:
        return value
    near = difflib.get_close_matches(str(value), choices, n=1)
    raise InputError(
        f"{name} must be one of {', '.join(choices)}",
        repr(value),
        f"Did you mean {near[0]!r}?" if near else "Take one of these.",
    )


def check_shape(array: "np.ndarray", shape: tuple[int | None, ...], name: str) -> "np.ndarray":
    """Return array if its shape fits; None in shape stands for any size."""
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
    """Return array if it holds no NaN and no infinity; else raise, naming the first bad row."""
    import numpy as np  # here, because `condvae --help` must not wait for it

    if array.dtype.kind != "f" or not array.size:
        return array
    # least and greatest tell, without a mask as large as the array: NaN is either, once there
    with np.errstate(invalid="ignore"):
        if not np.isfinite([array.min(), array.max()]).all():
            least, greatest = _extremes(array)
            row = int((~np.isfinite(least) | ~np.isfinite(greatest)).argmax())
            value = array[row][~np.isfinite(array[row])].flat[0]
            raise InputError(
                f"{name} must hold finite numbers",
                f"{value} in row {row}",
                "Remove or mend that row.",
            )
    return array


def check_range(array: "np.ndarray", low: float, high: float, name: str) -> "np.ndarray":
    """Return array if low <= array <= high; else raise, naming the first bad row."""
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
    """The least and the greatest number of each row."""
    axes = tuple(range(1, array.ndim))
    return array.min(axis=axes), array.max(axis=axes)


def memory_bound() -> int:
    """Bytes that reading an input may take: half of the machine's memory, or of its cgroup's."""
    # all there is, not what is free now: an input is refused or taken whatever else runs
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        group = int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):  # no cgroup v2, or "max"
        return machine // 2
    return min(machine, group) // 2


def check_memory(num_bytes: int, name: str, remedy: str = "") -> None:
    """Raise if that many bytes are too many; call it before they are allocated.

    Args:
        remedy: what else can be done, a sentence.
    """
    if num_bytes > (bound := memory_bound()):
        raise BeyondMemoryError(
            f"{name} must fit into half of this machine's memory ({bound / 1e9:,.1f} GB)",
            f"{num_bytes / 1e9:,.1f} GB" if num_bytes < 1e18 else "over a billion GB",
            remedy
            or "Bring fewer or smaller images, or a larger machine; a damaged file announces as "
            "much.",
        )


def check_mask(given: "np.ndarray", name: str) -> "np.ndarray":
    """Return given, (batch, height, width), if each mask gives some pixels and leaves some."""
    share = given.reshape(len(given), -1).mean(axis=1)  # (batch,)
    for row, part in enumerate(share):
        if part in (0, 1):
            raise InputError(
                f"{name} must give some pixels and leave some to predict",
                f"{'all pixels' if part else 'no pixel'} given in row {row}",
                "Draw another mask; in a mask image white is what is predicted.",
            )
    return given


def check_at_least(number: int, least: int, name: str) -> int:
    """Return number if it is a whole number and least or more."""
    # NumPy's integers count, True does not
    if isinstance(number, bool) or not hasattr(number, "__index__") or number < least:
        raise InputError(
            f"{name} must be a whole number, {least} or more", f"{number!r}", "Correct it."
        )
    return number


def check_text(text: str, name: str) -> str:
    """Return text if it can be written; the name of a file need not be text."""
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
    """Return path if it can be written and would replace nothing of the user's.

    With overwrite a file may be replaced, a folder never.
    """
    path = Path(path)
    # the nearest folder that exists: the others are still to be made in it
    parent = next(p for p in [path.parent, *path.parent.parents] if p.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise InputError(
            f"the output must lie in a folder that can be written ({path})",
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
