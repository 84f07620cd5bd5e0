"""Send the results of an evaluation to the trackers of a run."""

from collections.abc import Iterator
from typing import Any

from condvae.reports.metrics_file import Metrics
from condvae.runs import Run
from condvae.runs.tracks import open_tracks

COMPARABILITY = "comparability"


def tell_metrics(run: Run, metrics: Metrics) -> None:
    """Send the results to the run's trackers, if any, with what they may be compared with."""
    if run.is_archive or not run.record.tracks:
        return
    epoch = len(run.history["epoch"])
    tracks = open_tracks(run, epoch)
    tracks.tell("results", dict(_leaves("test", metrics.measures)), epoch)
    tracks.tell("close", run.record.status == "finished")


def _leaves(path: str, value: Any) -> Iterator[tuple[str, float | str]]:
    """Numbers by their paths, and comparability lines; lists and missing values are left out."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(f"{path}/{name}", part)
    elif isinstance(value, int | float) or (
        isinstance(value, str) and path.endswith(f"/{COMPARABILITY}")
    ):
        yield path, value
