"""Weights & Biases: as its environment variables say; WANDB_MODE=offline sends nothing."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from condvae.tracking.track import PROJECT, Track


class WeightsAndBiases(Track):
    """A run of the project in WANDB_PROJECT, by default "condvae".

    Its files are in the run folder, or in WANDB_DIR.
    """

    library = "wandb"

    def __init__(self, run: Any):
        self._run, self.id = run, run.id

    @classmethod
    def open(
        cls, name: str, folder: Path, settings: Mapping[str, Any], track_id: str | None, epoch: int
    ) -> Self:
        """Start a run, or continue one."""
        # disables error reports to the vendor
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb

        run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=name,
            dir=os.environ.get("WANDB_DIR", str(folder)),
            id=track_id or uuid.uuid4().hex[:16],
            resume="allow",  # offline it is not known whether the run exists
            reinit="create_new",  # a program's own run is unchanged
            settings=wandb.Settings(
                silent=True, console="off", disable_git=True, save_code=False, x_disable_stats=True
            ),
        )
        run.config.update(dict(settings), allow_val_change=True)
        # its own steps only increase, but an epoch may be repeated, and results come late
        run.define_metric("*", step_metric="epoch")
        return cls(run)

    def figures(self, figures: Mapping[str, float], epoch: int) -> None:
        """Log a row of the history."""
        self._run.log({**figures, "epoch": epoch})

    def picture(self, name: str, image: np.ndarray, epoch: int) -> None:
        """Log an image to the history."""
        import wandb

        self._run.log({name: wandb.Image(image), "epoch": epoch})

    def results(self, results: Mapping[str, float | str], epoch: int) -> None:
        """Write to the summary."""
        self._run.summary.update(dict(results))

    def close(self, finished: bool) -> None:
        """Wait until everything is written, or sent."""
        self._run.finish(exit_code=0 if finished else 1)
