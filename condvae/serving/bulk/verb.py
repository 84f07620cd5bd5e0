"""The interface of a verb, which is applied to every part."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from condvae.runs import Run
from condvae.runs.rows import count_rows
from condvae.serving.bulk.folder import Folder
from condvae.serving.bulk.parts import Part


@dataclass(frozen=True)
class Verb(ABC):
    """From a run and a file to an output file; the fields are its settings.

    Attributes:
        name: name of the command.
        suffix: suffix of the outputs.
        joint: name of an output of all parts together; "" if there is none.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    joint: ClassVar[str] = ""

    def suffix_of(self, run: Run) -> str:
        """Suffix of the outputs for a run."""
        return self.suffix

    @abstractmethod
    def check(self, run: Run) -> None:
        """Raise an InputError if the run, or the settings, are unsuitable."""

    def is_numbered(self, run: Run) -> bool:
        """Whether the result of a row depends on its number, counted over all parts."""
        return False

    def num_rows(self, run: Run, source: Path) -> int:
        """Number of rows in a part; needed only if rows are numbered."""
        return count_rows(run, source)

    @abstractmethod
    def make(self, run: Run, source: Path, out: Path, first: int = 0) -> int:
        """Write the output of a part, completely or not at all; return the number of its rows.

        Args:
            first: number of its first row.
        """

    def join(self, run: Run, parts: Sequence[Part], folder: Folder) -> None:  # noqa: B027
        """Write the joint output, if there is one, from the outputs of the parts."""

    def settings(self) -> dict[str, Any]:
        """The settings that determine the outputs."""
        return asdict(self)
