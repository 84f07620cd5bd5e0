"""The interface of a tracker."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    import numpy as np

PROJECT = "condvae"  # for trackers that need a project, if their environment names none


class Track(ABC):
    """One run in one tracker; subclasses are listed in `registry.TRACKERS`.

    Its module imports the tracker's library inside functions, and its methods may raise any of the
    library's exceptions: `Tracks` catches them.

    Attributes:
        library: the required package, by its import name.
        id: the id by which the track is found again.
    """

    library: ClassVar[str]
    id: str

    @classmethod
    @abstractmethod
    def open(
        cls, name: str, folder: Path, settings: Mapping[str, Any], track_id: str | None, epoch: int
    ) -> Self:
        """Start a track, or continue one.

        Args:
            name: name for display.
            folder: folder of the run, for files that have no other place.
            settings: settings by name: numbers, strings, booleans, None.
            track_id: id of the track to continue; None: start one.
            epoch: number of complete epochs; what the track has about later ones is invalid.
        """

    @abstractmethod
    def figures(self, figures: Mapping[str, float], epoch: int) -> None:
        """Log the figures of an epoch; after a resume some may be repeated, with equal values."""

    @abstractmethod
    def picture(self, name: str, image: "np.ndarray", epoch: int) -> None:
        """Log a picture, (height, width[, 3]) uint8."""

    @abstractmethod
    def results(self, results: Mapping[str, float | str], epoch: int) -> None:
        """Log results for the run as a whole: numbers, and texts on what they can be compared with.

        They replace results of the same name.
        """

    @abstractmethod
    def close(self, finished: bool) -> None:
        """Send what is left; finished: whether the training has ended, not been interrupted."""
