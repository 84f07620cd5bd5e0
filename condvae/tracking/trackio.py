"""Trackio: in the user's cache, or as its environment variables say."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import sys
import uuid
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Self

import numpy as np

from condvae.tracking.track import PROJECT, Track


class Trackio(Track):
    """A run of the project "condvae"; its id is a unique name, since Trackio resumes by name."""

    library = "trackio"

    def __init__(self, run: Any):
        self._run, self.id = run, run.name

    @classmethod
    def open(
        cls, name: str, folder: Path, settings: Mapping[str, Any], track_id: str | None, epoch: int
    ) -> Self:
        """Start a run, or continue one."""
        import trackio

        with redirect_stdout(sys.stderr):
            run = trackio.init(
                project=PROJECT,
                name=track_id or f"{name}-{uuid.uuid4().hex[:8]}",
                config=dict(settings),
                resume="never" if track_id is None else "must",
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )
        return cls(run)

    def figures(self, figures: Mapping[str, float], epoch: int) -> None:
        """Log a row."""
        self._run.log(dict(figures), step=epoch)

    def picture(self, name: str, image: np.ndarray, epoch: int) -> None:
        """Log an image."""
        import trackio

        self._run.log({name: trackio.Image(image)}, step=epoch)

    def results(self, results: Mapping[str, float | str], epoch: int) -> None:
        """Log a row."""
        self._run.log(dict(results), step=epoch)

    def close(self, finished: bool) -> None:
        """Wait until everything is written."""
        import trackio

        with redirect_stdout(sys.stderr):
            trackio.finish()  # also unregisters the run, which would be ended again at exit
