"""What becomes of weights that read a condition, when a model goes on with another one."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Takeover:
    """From the numbers of an encoded y before to those of an encoded y now.

    Attributes:
        rows: (dim, dim before) float32; weights of y now are rows @ weights of y before, so that a
            row of one 1 takes over, and one of equal shares starts from a mean. None: as before.
        kept: names of the classes and conditions that both have.
        new: those that start from the mean of the others.
        dropped: those that are gone.
    """

    rows: np.ndarray | None
    kept: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def as_words(self) -> dict[str, tuple[str, ...]]:
        """The names, for a record."""
        return {"kept": self.kept, "new": self.new, "dropped": self.dropped}


def unchanged(*names: str) -> Takeover:
    """Everything as it was; no rows, of which an image would have a square of its pixels."""
    return Takeover(None, kept=names)
