"""The files that images were read from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Files:
    """The files of images, in the order of the rows.

    Attributes:
        names: paths from the top of their folder or archive.
        forms: original size and mode, such as "32 × 24 RGB".
    """

    names: Sequence[str]
    forms: Sequence[str]

    def __getitem__(self, rows: np.ndarray) -> "Files":
        """The files of some rows."""
        chosen = [int(row) for row in rows]
        return Files([self.names[row] for row in chosen], [self.forms[row] for row in chosen])
