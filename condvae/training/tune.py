"""Hyperparameter search with Optuna, by validation figures only: a run folder for each trial."""

import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError, check_at_least
from condvae.data import Dataset
from condvae.files.lock import locked
from condvae.runs import RECORD_NAME, Run
from condvae.spec import Spec
from condvae.spec.space import Range, settings_at, space_of
from condvae.tracking import check_trackers
from condvae.training.folder import run_path
from condvae.training.interrupt import raise_signal
from condvae.training.journal import DivergenceError
from condvae.training.settings import kind_of, open_data, resolve_spec
from condvae.training.study import Study, Trial, import_optuna
from condvae.training.train import first_model, train
from condvae.training.tuning import Tuning, TuningRecord, trial_name

_log = logging.getLogger(__name__)


def tune(
    data: Dataset | str | Path,
    *,
    trials: int | None = None,
    hours: float | None = None,
    space: Mapping[str, Sequence[float]] | None = None,
    preset: str | None = None,
    spec: Spec | None = None,
    run: Path | str | None = None,
    progress: bool = True,
    log: str | Sequence[str] = (),
    raise_signals: bool = True,
    **settings: Any,
) -> Tuning:
    """Search for the settings with the lowest validation loss, with Optuna; each trial is a run.

    Trials that are worse than the median of the others at the same epoch are stopped early. The
    test split is never read. Given the folder of a tuning, it continues that, even after a kill.

    Args:
        data: a Dataset, or anything that `load_data` takes.
        trials: total number of trials in the folder.
        hours: time after which no further trial is started.
        space: dimension -> smallest and largest value, replacing those of `spec.space.SPACE`.
        preset, spec, settings: as in `train`, for all trials; settings given here are fixed.
        run: the folder, new or of the same tuning; None: `runs/<data>-<preset>-tune`.
        progress, log, raise_signals: as in `train`.

    Returns:
        The folder; `best` is the run of the best trial, which keeps its checkpoints.

    Raises:
        InputError: an argument does not fit, or Optuna is not installed; nothing is written.
    """
    import_optuna()
    if trials is None and hours is None:
        raise InputError("`tune` requires `trials` or `hours`", "neither", "Set one of them.")
    if trials is not None:
        check_at_least(trials, 1, "trials")
    if hours is not None and not 0 < hours < float("inf"):
        raise InputError("hours must be a number above 0", f"{hours:g}", "Correct it.")
    trackers, started = check_trackers(log), time.perf_counter()
    dataset = open_data(data, settings)
    kind = kind_of(dataset, preset, spec, settings)
    _, base = resolve_spec(dataset, preset, spec, settings)
    if base.data.validation == "test":
        raise InputError(
            "`tune` must leave the test split alone",
            "validation 'test', under which it serves as validation",
            "Hold out a part of the training rows: `validation=0.1`.",
        )
    dimensions = space_of(settings, space)
    split = dataset.with_spec(base.data)
    for end in ("low", "high"):  # raises before a folder is created
        point = {name: getattr(ends, end) for name, ends in dimensions.items()}
        first_model(split, base.override(**settings_at(point, base)))
    tuning = _opened(dataset, base, dimensions, kind, run)
    arguments = {"preset": preset, "spec": spec, "progress": progress, "log": trackers}
    status = "finished"
    with locked(tuning.path):
        study = Study(tuning.path, base.training.epochs)
        while status == "finished":
            late = hours is not None and time.perf_counter() - started > 3600 * hours
            if late or (trials is not None and len(study.ended) >= trials):
                break
            trial = study.ask(dimensions, base.training.seed)
            changes = settings_at(trial.point, base) | {"seed": base.training.seed + trial.number}
            status = _run(tuning, study, trial, dataset, arguments | settings | changes)
    if raise_signals:
        raise_signal(tuning.path, status, "the same call")
    return tuning


def _run(
    tuning: Tuning, study: Study, trial: Trial, dataset: Dataset, arguments: dict[str, Any]
) -> str:
    """Run or continue a trial, and tell the study how it ended; return the run's status."""
    record, path, figure = tuning.record, tuning.path / trial_name(trial.number), None
    pruning = trial.pruning(record.value)
    try:
        # a folder that exists belongs to a trial that a signal or a kill interrupted
        run = train(
            dataset,
            run=path,
            resume=True,
            callbacks=[pruning],
            raise_signals=False,
            watch=False,  # in Jupyter each trial would show a page
            **arguments,
        )
    except DivergenceError as error:  # it counts as pruned, so that its neighbours are avoided
        _log.warning("%s: %s", path, error)
    else:
        if run.record.status != "finished":
            return run.record.status
        if run.record.ended_by is None:
            history = run.history
            best = int(np.argmin(history["val_loss"]))
            figure = record.value({name: column[best] for name, column in history.items()})
    study.tell(trial, figure)
    _keep_best(tuning, study)
    point = ", ".join(f"{name} {value:.4g}" for name, value in trial.point.items())
    ended = "stopped early" if figure is None else f"{record.figure} {figure:.3f} nats"
    _log.info("%s: %s: %s; best: %s", path.name, point, ended, tuning.record.best)
    return "finished"


def _keep_best(tuning: Tuning, study: Study) -> None:
    """Record the best trial, and remove the checkpoints of the other trials that have ended."""
    best = study.best
    name = None if best is None else trial_name(best)
    tuning.write(tuning.record.model_copy(update={"best": name}))
    for number in study.ended:
        path = tuning.path / trial_name(number)
        if number != best and (path / RECORD_NAME).exists():
            shutil.rmtree(Run.open(path).checkpoints_path, ignore_errors=True)


def _opened(
    dataset: Dataset,
    base: Spec,
    dimensions: Mapping[str, Range],
    kind: str,
    run: Path | str | None,
) -> Tuning:
    """The folder of a tuning, new, or checked against the request."""
    figure = "val_reconstruction_loss + val_kl_loss" if "beta" in dimensions else "val_loss"
    wanted = TuningRecord(
        spec=base,
        fingerprint=dataset.fingerprint,
        space={name: (ends.low, ends.high) for name, ends in dimensions.items()},
        figure=figure,
    )
    if run is None or not Path(run).exists():
        made = Tuning(run_path(dataset, f"{kind}-tune", run))
        made.write(wanted)
        return made
    found = Tuning(run)
    before, after = (record.model_dump(exclude={"best"}) for record in (found.record, wanted))
    for fields in (before, after):
        del fields["spec"]["data"]["source"]  # the same data may have moved
    if changed := [name for name, value in after.items() if value != before[name]]:
        raise InputError(
            f"a resumed tuning must keep data, settings and space of {found.path}",
            f"another {', another '.join(changed)}",
            "Undo the changes, or choose another folder.",
        )
    return found
