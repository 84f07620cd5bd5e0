"""What becomes of weights that read a condition, when a model goes on with another one."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Takeover:
    """From the numbers of an encoded y before to those of an encoded y now.

    Attributes:
        rows: (dim, dim before) float32; weights of y now are rows @ weights of y before, so that a
            row of one 1 takes over, and one of equal shares starts from a mean.
        kept: names of the classes and conditions that both have.
        new: those that start from the mean of the others.
        dropped: those that are gone.
    """

    rows: np.ndarray
    kept: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()

    def as_words(self) -> dict[str, tuple[str, ...]]:
        """The names, for a record."""
        return {"kept": self.kept, "new": self.new, "dropped": self.dropped}


def unchanged(dim: int, name: str) -> Takeover:
    """Everything as it was."""
    return Takeover(np.eye(dim, dtype="float32"), kept=(name,))
