"""What a condition says that may be one of several."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np

from condvae.conditions.condition import PART, Condition


class Part(Condition):
    """A condition that may be one of several: also how it is told from values and written.

    Attributes:
        of_words: whether the cells of a table are read as texts for it, numbers too.
    """

    places: ClassVar[tuple[str, ...]] = (PART,)
    of_words: ClassVar[bool] = False

    @classmethod
    def takes(cls, values: np.ndarray) -> bool:
        """Whether a column whose kind is not said is of this one."""
        return False

    @classmethod
    @abstractmethod
    def of_column(cls, name: str, values: np.ndarray, rows: np.ndarray, settings: str = "") -> Self:
        """The condition that a column holds.

        Args:
            values: (N, ...), NaN or "" where missing.
            rows: those that scales and ranges are measured on.
            settings: what was said after the kind.

        Raises:
            InputError: values that do not fit.
        """

    def counting(self, values: Iterable[np.ndarray]) -> Self:
        """The same condition of more rows than scales were measured on.

        Args:
            values: of all training rows, some at a time, NaN or "" where missing.
        """
        return self

    @classmethod
    def takes_settings(cls, text: str) -> bool:
        """Whether a text may stand behind the kind where it is named, as in name:kind:text."""
        return False

    @property
    def settings(self) -> str:
        """What must be said after the kind to have the same condition of other rows."""
        return ""

    @property
    def integer(self) -> bool:
        """Whether the values are whole numbers."""
        return False

    @abstractmethod
    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, dim) float32 of values none of which is missing.

        Raises:
            InputError: values that do not fit.
        """

    @abstractmethod
    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """(batch, ...) values, the inverse of `encode_rows`."""

    @abstractmethod
    def given(self, text: str) -> Any:
        """The value in a `--given` of the command line.

        Raises:
            InputError: a text that is none.
        """

    def encode(self, y: Any) -> np.ndarray:
        """The networks' input for y, one a row."""
        return self.encode_rows(np.asarray(y))

    def widget(self) -> dict[str, Any]:
        """What the page shows for it: a widget of widgets.js by name, and what that one needs."""
        return {"widget": "none", "size": self.dim}

    def page_part(self, start: int = 0, optional: bool = False) -> dict[str, Any]:
        """A part of y in the page.

        Args:
            start: where its numbers begin in y.
            optional: whether a bit after them says that it is given.
        """
        place = {"dim": self.dim, "start": start, "optional": optional}
        return {"name": self.name, **place, **self.widget()}

    def for_page(self) -> dict[str, Any]:
        """What the page knows of y: one part."""
        return {"kind": self.kind, "name": self.name, "parts": [self.page_part()]}
