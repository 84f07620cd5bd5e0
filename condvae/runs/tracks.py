"""The tracks of a run, with the ids that trackers use for it."""

from collections.abc import Iterable
from typing import Any

from condvae.runs.record import TrackRecord
from condvae.runs.run import Run
from condvae.spec import Spec
from condvae.tracking import Tracks


def open_tracks(run: Run, epoch: int, asked: Iterable[str] = ()) -> Tracks:
    """Continue the recorded tracks, and start those that are requested and not recorded.

    Args:
        epoch: number of complete epochs.
        asked: names of trackers.
    """
    recorded = {track.tracker: track.id for track in run.record.tracks}
    name, ids = run.path.resolve().name, dict.fromkeys(asked) | recorded
    tracks = Tracks(name, run.path, settings_of(run.spec), ids, epoch)
    # a tracker that cannot be reached today keeps its id
    ids = recorded | tracks.ids
    if ids != recorded:
        run.update(tracks=tuple(TrackRecord(tracker=name, id=ids[name]) for name in ids))
    return tracks


def settings_of(spec: Spec) -> dict[str, Any]:
    """A spec as one level of names, `model.latent_dim`; several values become a text."""
    return {
        f"{section}.{name}": ",".join(map(str, value)) if isinstance(value, tuple) else value
        for section, fields in spec.model_dump().items()
        for name, value in fields.items()
    }
