"""What a tracker is told of a run."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    import numpy as np

PROJECT = "condvae"  # where a tracker wants one and its environment names none


class Track(ABC):
    """One run in one tracker: a subclass is one of `registry.TRACKERS`.

    Its module imports the tracker's library inside functions, and any of its exceptions may leave
    a method: `Tracks` catches them.

    Attributes:
        library: the package that must be there, by the name it is imported by.
        id: what the track is found again by.
    """

    library: ClassVar[str]
    id: str

    @classmethod
    @abstractmethod
    def open(
        cls, name: str, folder: Path, settings: Mapping[str, Any], track_id: str | None, epoch: int
    ) -> Self:
        """Begin a track, or go on with one.

        Args:
            name: what people read.
            folder: of the run; files that have no other place go there.
            settings: by name: numbers, texts, truth values, None.
            track_id: of the track to go on with; None: begin one.
            epoch: complete ones; what the track says of later ones is void.
        """

    @abstractmethod
    def figures(self, figures: Mapping[str, float], epoch: int) -> None:
        """The figures of an epoch; some may be told again after a break, with the same values."""

    @abstractmethod
    def picture(self, name: str, image: "np.ndarray", epoch: int) -> None:
        """A picture, (height, width[, 3]) uint8."""

    @abstractmethod
    def results(self, results: Mapping[str, float | str], epoch: int) -> None:
        """What was found of the run as a whole: numbers, and texts that say what they compare to.

        They replace those of the same name.
        """

    @abstractmethod
    def close(self, finished: bool) -> None:
        """Send what is left; finished: the training has ended, and was not broken off."""
