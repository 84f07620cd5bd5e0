"""MLflow: at the address in its environment variables, by default in the working folder."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from condvae.tracking.track import PROJECT, Track

# characters not allowed in names, and the largest length of a parameter's value
FORBIDDEN, MOST_CHARACTERS = re.compile(r"[^\w\-. /]"), 6000


class MLflow(Track):
    """A run of the experiment in MLFLOW_EXPERIMENT_NAME, by default "condvae".

    It uses the client rather than `mlflow.start_run`, so that a program's own active run is
    unchanged.
    """

    library = "mlflow"

    def __init__(self, client: Any, track_id: str):
        self._client, self.id = client, track_id

    @classmethod
    def open(
        cls, name: str, folder: Path, settings: Mapping[str, Any], track_id: str | None, epoch: int
    ) -> Self:
        """Start a run, or reopen one, whose parameters cannot change."""
        # disables telemetry, which MLflow would send from its import on
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        from mlflow import MlflowClient
        from mlflow.entities import Param

        client = MlflowClient()
        if track_id is not None:
            client.get_run(track_id)  # raises if it does not exist
            return cls(client, track_id)
        experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        known = client.get_experiment_by_name(experiment)
        place = known.experiment_id if known else client.create_experiment(experiment)
        track = cls(client, client.create_run(place, run_name=name).info.run_id)
        params = [Param(key, str(value)[:MOST_CHARACTERS]) for key, value in settings.items()]
        client.log_batch(track.id, params=params)
        return track

    def figures(self, figures: Mapping[str, float], epoch: int) -> None:
        """Log a batch of metrics; a run that had ended is running again."""
        if self._client.get_run(self.id).info.status != "RUNNING":
            self._client.update_run(self.id, status="RUNNING")
        self._log(figures, epoch)

    def picture(self, name: str, image: np.ndarray, epoch: int) -> None:
        """Log an image to the run."""
        self._client.log_image(self.id, image, key=name, step=epoch)

    def results(self, results: Mapping[str, float | str], epoch: int) -> None:
        """Log numbers as metrics, and texts as tags."""
        texts = {name: value for name, value in results.items() if isinstance(value, str)}
        for name, text in texts.items():
            self._client.set_tag(self.id, FORBIDDEN.sub("-", name), text)
        self._log({n: value for n, value in results.items() if n not in texts}, epoch)

    def close(self, finished: bool) -> None:
        """Set the final status."""
        self._client.set_terminated(self.id, "FINISHED" if finished else "KILLED")

    def _log(self, figures: Mapping[str, Any], epoch: int) -> None:
        """Log the metrics of one step."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._client.log_batch(
            self.id,
            [Metric(FORBIDDEN.sub("-", n), float(v), now, epoch) for n, v in figures.items()],
        )
