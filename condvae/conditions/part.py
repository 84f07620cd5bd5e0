"""The interface of conditions that may be one of several."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np

from condvae.conditions.condition import PART, Condition


class Part(Condition):
    """A condition that may be one of several, with how it is inferred from values and written.

    Attributes:
        of_words: whether the cells of a table are read as strings for it, even numbers.
        of_dates: the kind for a column of this kind whose cells are dates; "" if it is the same.
    """

    places: ClassVar[tuple[str, ...]] = (PART,)
    of_words: ClassVar[bool] = False
    of_dates: ClassVar[str] = ""

    @classmethod
    def takes(cls, values: np.ndarray) -> bool:
        """Whether a column without a given kind is of this kind."""
        return False

    @classmethod
    @abstractmethod
    def of_column(cls, name: str, values: np.ndarray, rows: np.ndarray, settings: str = "") -> Self:
        """The condition in a column.

        Args:
            values: (N, ...), NaN or "" where missing.
            rows: rows from which scales and ranges are computed.
            settings: settings given after the kind.

        Raises:
            InputError: values that do not fit.
        """

    def counting(self, values: Iterable[np.ndarray]) -> Self:
        """The same condition for more rows than those from which scales were computed.

        Args:
            values: values of all training rows, in blocks, NaN or "" where missing.
        """
        return self

    @classmethod
    def takes_settings(cls, text: str) -> bool:
        """Whether a text may follow the kind as its settings, as in name:kind:text."""
        return False

    @property
    def settings(self) -> str:
        """The settings that give the same condition for other rows."""
        return ""

    @property
    def integer(self) -> bool:
        """Whether the values are integers."""
        return False

    @abstractmethod
    def encode_rows(self, values: np.ndarray) -> np.ndarray:
        """(batch, dim) float32 from values without missing ones.

        Raises:
            InputError: values that do not fit.
        """

    @abstractmethod
    def decode_rows(self, block: np.ndarray) -> np.ndarray:
        """(batch, ...) values, the inverse of `encode_rows`."""

    @abstractmethod
    def given(self, text: str) -> Any:
        """The value in `--given` on the command line.

        Raises:
            InputError: the text is not a valid value.
        """

    def encode(self, y: Any) -> np.ndarray:
        """The networks' input for y, one condition per row."""
        return self.encode_rows(np.asarray(y))

    def widget(self) -> dict[str, Any]:
        """The control on the explorer's page: a widget of widgets.js by name, and its settings."""
        return {"widget": "none", "size": self.dim}

    def page_part(self, start: int = 0, optional: bool = False) -> dict[str, Any]:
        """A part of y on the explorer's page.

        Args:
            start: index of its first number in y.
            optional: whether a bit after its numbers marks that it is given.
        """
        place = {"dim": self.dim, "start": start, "optional": optional}
        return {"name": self.name, **place, **self.widget()}

    def for_page(self) -> dict[str, Any]:
        """The description for the explorer's page: one part."""
        return {"kind": self.kind, "name": self.name, "parts": [self.page_part()]}
