"""Arrays by name, in a file or a folder; none is read before its size is known."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from condvae.checks import InputError, check_memory, memory_bound, reason_of
from condvae.data.arrays import bytes_needed

Form = tuple[tuple[int, ...], np.dtype]
STAY = (
    "Write each array to an .npy of its own (x.npy, y.npy), which stays on disk and is read row "
    "by row; a damaged file may also announce this size."
)
REMEDY = "Download the file again, or write it again with numpy.savez(path, x=x, y=y)."


class ArrayStore(ABC):
    """Arrays by name; a context manager.

    Attributes:
        path: path of the file or the folder.
        names: names of the arrays.
        by_columns: whether the rows may lie along the last axis, as in MATLAB.
        may_stay: whether arrays can be mapped, see `mapped`.
        of_one: whether a single array may be images without labels.
    """

    names: tuple[str, ...]
    by_columns = False
    may_stay = False
    of_one = True

    def __init__(self, path: Path):
        self.path = path
        self.opened = ExitStack()

    @abstractmethod
    def form(self, name: str) -> Form:
        """Shape and dtype that an array announces, if the file holds that many bytes.

        Raises:
            InputError: the file is shorter, or the array is pickled.
        """

    @abstractmethod
    def read(self, name: str) -> np.ndarray:
        """One array."""

    def mapped(self, name: str) -> Any:
        """One array; if `may_stay`, it stays on disk and its rows are read on request."""
        return self.read(name)

    def called(self, name: str) -> str:
        """Name of an array in error messages."""
        return f"array {name!r} of {self.path}"

    def arrays(self, names: Iterable[str], mapped: bool = False) -> dict[str, Any]:
        """Several arrays; images stay on disk if they should not be held in memory.

        Args:
            mapped: whether they stay on disk, however small they are.
        """
        forms = {name: self.form(name) for name in names}
        needed = {name: bytes_needed(*form) for name, form in forms.items()}
        stay = set()
        if self.may_stay and (mapped or sum(needed.values()) > memory_bound()):
            stay = {name for name, (shape, _) in forms.items() if len(shape) > 1}
        rest = sum(size for name, size in needed.items() if name not in stay)
        check_memory(
            rest, f"the arrays of {self.path}, with copies,", "" if self.may_stay else STAY
        )
        return {name: self.mapped(name) if name in stay else self.read(name) for name in forms}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.opened.close()


class Together(ArrayStore):
    """Several stores as one: the arrays of the store "train" are "train/x" and so on."""

    def __init__(self, path: Path, stores: dict[str, ArrayStore]):
        super().__init__(path)
        self.stores = stores
        self.names = tuple(f"{key}/{name}" for key, s in stores.items() for name in s.names)
        self.by_columns = any(store.by_columns for store in stores.values())

    def form(self, name: str) -> Form:
        """Shape and dtype, from the store that holds the array."""
        key, _, own = name.partition("/")
        return self.stores[key].form(own)

    def read(self, name: str) -> np.ndarray:
        """The array, from the store that holds it."""
        key, _, own = name.partition("/")
        return self.stores[key].read(own)


@contextmanager
def refusal(expected: str, received: str, remedy: str = REMEDY) -> Iterator[None]:
    """Raise the many kinds of errors of libraries on damaged content as an InputError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(expected, f"{received} ({reason_of(error)})", remedy) from None
