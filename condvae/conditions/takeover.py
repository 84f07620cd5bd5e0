"""The mapping of weights from one condition to another, when a model continues with new classes."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Takeover:
    """The mapping from the numbers of the former encoded y to those of the new one.

    Attributes:
        rows: (dim, dim before) float32; new weights of y are rows @ former weights of y, so that a
            row with a single 1 copies, and one of equal shares starts from a mean. None: unchanged.
        kept: names of the classes and conditions in common.
        new: names of those that start from the mean of the others.
        dropped: names of those that no longer exist.
    """

    rows: np.ndarray | None
    kept: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def as_words(self) -> dict[str, tuple[str, ...]]:
        """The names, for a record."""
        return {"kept": self.kept, "new": self.new, "dropped": self.dropped}


def unchanged(*names: str) -> Takeover:
    """An unchanged condition; without rows, a matrix too large for an image."""
    return Takeover(None, kept=names)
