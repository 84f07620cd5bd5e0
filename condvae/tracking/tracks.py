"""All tracks of a run: an error in one ends that track, and never the training."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from condvae.checks import reason_of
from condvae.tracking.registry import tracker
from condvae.tracking.track import Track

log = logging.getLogger(__name__)


class Tracks:
    """The open tracks of one run, by the names of their trackers.

    Args:
        name, folder, settings, epoch: as in `Track.open`.
        ids: tracker -> id of the track to continue; None: a new one.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        settings: Mapping[str, Any],
        ids: Mapping[str, str | None],
        epoch: int,
    ):
        self._open: dict[str, Track] = {}
        for known, track_id in ids.items():
            try:
                self._open[known] = tracker(known).open(name, folder, settings, track_id, epoch)
            except Exception as error:
                self._say(known, error)

    @property
    def ids(self) -> dict[str, str]:
        """The id of each open track, by its tracker."""
        return {name: track.id for name, track in self._open.items()}

    def tell(self, what: str, *arguments: Any, only: str | None = None) -> None:
        """Call a method of each track, or of one; a track that fails is dropped."""
        for name, track in list(self._open.items()):
            if only in (None, name):
                try:
                    getattr(track, what)(*arguments)
                except Exception as error:
                    del self._open[name]
                    self._say(name, error)

    def _say(self, name: str, error: Exception) -> None:
        """Log that a tracker gets no further updates."""
        log.warning("%s gets no further updates of this run: %s", name, reason_of(error))
