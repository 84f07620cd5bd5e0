"""What is done to every part."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from condvae.runs import Run
from condvae.runs.rows import count_rows


@dataclass(frozen=True)
class Verb(ABC):
    """A function of a run and a file that makes a file; its fields are its settings.

    Attributes:
        name: of the command.
        suffix: of the outputs.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]

    def suffix_of(self, run: Run) -> str:
        """Of the outputs under a run."""
        return self.suffix

    @abstractmethod
    def check(self, run: Run) -> None:
        """Raise an InputError if the run, or the settings, are none for it."""

    def is_numbered(self, run: Run) -> bool:
        """Whether what is made of a row depends on its number, counted over all parts."""
        return False

    def num_rows(self, run: Run, source: Path) -> int:
        """How many rows a part has; asked where they are numbered alone."""
        return count_rows(run, source)

    @abstractmethod
    def make(self, run: Run, source: Path, out: Path, first: int = 0) -> int:
        """Write what comes of a part, whole or not at all; return the number of its rows.

        Args:
            first: number of its first row.
        """

    def settings(self) -> dict[str, Any]:
        """What makes two outputs differ."""
        return asdict(self)
