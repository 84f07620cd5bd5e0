"""A tuning is a folder: a run for each trial, Optuna's study, and the best trial."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from condvae.checks import InputError
from condvae.files.atomic import write_text
from condvae.files.frozen import Frozen
from condvae.runs import RECORD_NAME, Run
from condvae.spec import Spec
from condvae.training.study import Study

RECORD_OF_TUNING, TRIAL_PREFIX = "tuning.json", "trial-"


class TuningRecord(Frozen):
    """The content of tuning.json.

    Attributes:
        spec: the spec that the trials share; dimensions of the space have the values of the preset.
        fingerprint: fingerprint of the data.
        space: dimension -> smallest and largest value.
        figure: the quantity that is minimised, at the best epoch by validation, in nats per
            example.
        best: the folder of the best trial so far.
    """

    format: Literal[1] = 1
    spec: Spec
    fingerprint: str
    space: dict[str, tuple[float, float]]
    figure: Literal["val_loss", "val_reconstruction_loss + val_kl_loss"]
    best: str | None = None

    def value(self, row: Mapping[str, float]) -> float:
        """The figure of an epoch."""
        return sum(row[name] for name in self.figure.split(" + "))


class Tuning:
    """The folder of a tuning, open for reading.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)

    @property
    def record(self) -> TuningRecord:
        """The content of tuning.json; InputError if it does not exist."""
        try:
            return TuningRecord.model_validate_json((self.path / RECORD_OF_TUNING).read_bytes())
        except (OSError, ValidationError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "none"
            raise InputError(
                f"{self.path} must hold a {RECORD_OF_TUNING} of `condvae tune`",
                reason,
                "Choose another folder.",
            ) from None

    def write(self, record: TuningRecord) -> None:
        """Write tuning.json."""
        write_text(self.path / RECORD_OF_TUNING, record.model_dump_json(indent=2) + "\n")

    @property
    def best(self) -> Run:
        """The run of the best trial; InputError if none has ended."""
        if (name := self.record.best) is None:
            raise InputError("a trial must have ended", f"none in {self.path}", "Continue tuning.")
        return Run.open(self.path / name)

    @property
    def runs(self) -> list[Run]:
        """The runs of all trials, in their order."""
        paths = self.path.glob(f"{TRIAL_PREFIX}*/{RECORD_NAME}")
        runs = [Run.open(path.parent) for path in paths]
        return sorted(runs, key=lambda run: int(run.path.name.removeprefix(TRIAL_PREFIX)))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For each trial its run, state, point in the space, figure and number of epochs."""
        return [
            {
                "run": trial_name(trial.number),
                "state": trial.state.name.lower(),
                **trial.params,
                "figure": trial.value,
                "epochs": len(trial.intermediate_values),
            }
            for trial in Study(self.path).trials
        ]


def trial_name(number: int) -> str:
    """The folder name of a trial."""
    return f"{TRIAL_PREFIX}{number:03d}"
