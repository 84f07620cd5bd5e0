"""Arrays by name, in whatever file or folder they lie; none is read before its size is known."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from condvae.checks import InputError, check_memory, reason_of
from condvae.data.arrays import bytes_needed

Form = tuple[tuple[int, ...], np.dtype]
REMEDY = "Download the file again, or write it anew with numpy.savez(path, x=x, y=y)."


class ArrayStore(ABC):
    """Arrays by name; a context manager.

    Attributes:
        path: of the file or the folder.
        names: of the arrays.
        by_columns: the rows may lie along the last axis, as in MATLAB.
        of_one: one array alone may be images without labels.
    """

    names: tuple[str, ...]
    by_columns = False
    of_one = True

    def __init__(self, path: Path):
        self.path = path
        self.opened = ExitStack()

    @abstractmethod
    def form(self, name: str) -> Form:
        """Shape and dtype that an array announces, if there is as much.

        Raises:
            InputError: there is not, or it is pickled.
        """

    @abstractmethod
    def read(self, name: str) -> np.ndarray:
        """One array."""

    def called(self, name: str) -> str:
        """What errors call an array."""
        return f"array {name!r} of {self.path}"

    def arrays(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Some arrays, if memory should hold them."""
        names = list(names)
        needed = sum(bytes_needed(*self.form(name)) for name in names)
        check_memory(needed, f"the arrays of {self.path}, with copies,")
        return {name: self.read(name) for name in names}

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
        """As the store that has it."""
        key, _, own = name.partition("/")
        return self.stores[key].form(own)

    def read(self, name: str) -> np.ndarray:
        """As the store that has it."""
        key, _, own = name.partition("/")
        return self.stores[key].read(own)


@contextmanager
def refusal(expected: str, received: str, remedy: str = REMEDY) -> Iterator[None]:
    """What libraries raise over damaged content, of many kinds, as an InputError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(expected, f"{received} ({reason_of(error)})", remedy) from None
