"""Settings that Optuna looks for, by validation figures alone: a run folder for each trial."""

import logging
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from pydantic import ValidationError

from condvae.checks import InputError, check_at_least
from condvae.data import Dataset
from condvae.files.atomic import write_text
from condvae.files.frozen import Frozen
from condvae.files.lock import locked
from condvae.runs import RECORD_NAME, Run
from condvae.spec import Spec
from condvae.spec.space import Range, settings_at, space_of
from condvae.tracking import check_trackers
from condvae.training.folder import run_path
from condvae.training.interrupt import raise_signal
from condvae.training.journal import DivergenceError
from condvae.training.settings import kind_of, open_data, resolve_spec
from condvae.training.train import first_model, train

log = logging.getLogger(__name__)

STUDY_NAME, RECORD_OF_TUNING = "study.sqlite", "tuning.json"
STUDY = "condvae"  # its name in the file
TRIAL_PREFIX = "trial-"
# The first tenth of the epochs tells too little, and the first trials have nothing to be beside.
UNPRUNED_SHARE, TRIALS_UNPRUNED = 10, 5

Row = Mapping[str, float]


class TuningRecord(Frozen):
    """The content of tuning.json.

    Attributes:
        spec: what the trials share; of what is in the space, the values of the preset.
        space: dimension -> least and greatest value.
        figure: what is minimised, of the best epoch by validation, in nats per example.
        best: the folder of the best trial so far.
    """

    format: Literal[1] = 1
    spec: Spec
    fingerprint: str
    space: dict[str, tuple[float, float]]
    figure: Literal["val_loss", "val_reconstruction_loss + val_kl_loss"]
    best: str | None = None

    def value(self, row: Row) -> float:
        """The figure of an epoch."""
        return sum(row[name] for name in self.figure.split(" + "))


class Tuning:
    """A folder of trials, each a run, Optuna's study of them, and which is the best.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)

    @property
    def record(self) -> TuningRecord:
        """The content of tuning.json; InputError where there is none."""
        try:
            return TuningRecord.model_validate_json((self.path / RECORD_OF_TUNING).read_bytes())
        except (OSError, ValidationError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "none"
            raise InputError(
                f"{self.path} must hold a {RECORD_OF_TUNING} of `condvae tune`",
                reason,
                "Choose another folder.",
            ) from None

    @property
    def best(self) -> Run:
        """The run of the best trial; InputError where none has ended."""
        if (name := self.record.best) is None:
            raise InputError("a trial must have ended", f"none in {self.path}", "Tune on.")
        return Run.open(self.path / name)

    @property
    def runs(self) -> list[Run]:
        """The runs of all trials, in their order."""
        paths = sorted(self.path.glob(f"{TRIAL_PREFIX}*/{RECORD_NAME}"))
        return [Run.open(path.parent) for path in paths]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """For each trial its run, its state, its point in the space, its figure and its epochs."""
        return [
            {
                "run": _name(trial.number),
                "state": trial.state.name.lower(),
                **trial.params,
                "figure": trial.value,
                "epochs": len(trial.intermediate_values),
            }
            for trial in _study(self.path).trials
        ]


def tune(
    data: Dataset | str | Path,
    *,
    trials: int | None = None,
    hours: float | None = None,
    space: Mapping[str, Sequence[float]] | None = None,
    preset: str | None = None,
    spec: Spec | None = None,
    run_dir: Path | str | None = None,
    progress: bool = True,
    log: str | Sequence[str] = (),
    raise_signals: bool = True,
    **settings: Any,
) -> Tuning:
    """Look for settings with the least validation loss, by Optuna; each trial is a run.

    The trials that look worse than the median of the others at the same epoch are ended early. The
    test split is never read. With a folder of a tuning it goes on with that, after a kill, too.

    Args:
        data: a Dataset, or what `load_data` takes.
        trials: in the folder, all together.
        hours: after which no other trial begins.
        space: dimension -> least and greatest value, in place of those of `spec.space.SPACE`.
        preset, spec, settings: as in `train`, for all trials; what is given here is fixed.
        run_dir: the folder, new or of the same tuning; None: `runs/<data>-<preset>-tune`.
        progress, log, raise_signals: as in `train`.

    Returns:
        The folder; `best` is the run of the best trial, and has its checkpoints, too.

    Raises:
        InputError: what was passed does not fit, or Optuna is not installed; nothing is written.
    """
    _optuna()
    if trials is None and hours is None:
        raise InputError("`tune` needs `trials` or `hours`", "neither", "Say when to end.")
    if trials is not None:
        check_at_least(trials, 1, "trials")
    if hours is not None and not 0 < hours < float("inf"):
        raise InputError("hours must be a number above 0", f"{hours:g}", "Correct it.")
    trackers, started = check_trackers(log), time.perf_counter()
    dataset = open_data(data, settings)
    kind = kind_of(dataset, preset, spec, settings)
    _, base = resolve_spec(dataset, preset, spec, settings)
    dimensions = space_of(settings, space)
    split = dataset.with_spec(base.data)
    for end in ("low", "high"):  # what does not fit leaves no folder
        point = {name: getattr(ends, end) for name, ends in dimensions.items()}
        first_model(split, base.override(**settings_at(point, base)))
    tuning = _opened(dataset, base, dimensions, kind, run_dir)
    arguments = {"preset": preset, "spec": spec, "progress": progress, "log": trackers}
    status = "finished"
    with locked(tuning.path):
        study = _study(tuning.path, base.training.epochs)
        while status == "finished":
            ended = sum(trial.state.is_finished() for trial in study.trials)
            late = hours is not None and time.perf_counter() - started > 3600 * hours
            if late or (trials is not None and ended >= trials):
                break
            trial = _next(study, base.training.seed)
            point = _suggest(trial, dimensions)
            changes = settings_at(point, base) | {"seed": base.training.seed + trial.number}
            status = _run(tuning, study, trial, dataset, arguments, settings | changes)
    if raise_signals:
        raise_signal(tuning.path, status, "the same call")
    return tuning


def _run(
    tuning: Tuning,
    study: Any,
    trial: Any,
    dataset: Dataset,
    arguments: dict[str, Any],
    settings: dict[str, Any],
) -> str:
    """Train a trial, or go on with it, and tell the study how it ended; the run's status."""
    from optuna.trial import TrialState

    record, path = tuning.record, tuning.path / _name(trial.number)
    value, state = None, TrialState.PRUNED
    known = study.trials[trial.number].intermediate_values
    pruning = _pruning(trial, record, known)
    try:
        # a folder that is there already holds what a signal or a kill has cut short
        run = train(
            dataset,
            run_dir=path,
            resume=True,
            callbacks=[pruning],
            raise_signals=False,
            **arguments,
            **settings,
        )
    except DivergenceError as error:  # it counts as one that was ended early: a bad place
        log.warning("%s: %s", path, error)
    else:
        if run.record.status != "finished":
            return run.record.status
        if run.record.ended_by != type(pruning).__name__:
            history = run.history
            best = int(np.argmin(history["val_loss"]))
            value = record.value({name: column[best] for name, column in history.items()})
            state = TrialState.COMPLETE
    study.tell(trial, value, state)
    _keep_best(tuning, study)
    said = ", ".join(f"{name} {number:.4g}" for name, number in trial.params.items())
    ended = f"{record.figure} {value:.3f} nats" if value is not None else "ended early"
    log.info("%s: %s: %s; best: %s", path.name, said, ended, tuning.record.best)
    return "finished"


def _pruning(trial: Any, record: TuningRecord, known: Mapping[int, float]) -> Any:
    """A callback that reports each epoch, and ends a trial that the study gives up.

    Args:
        known: what the study knows of it, epoch -> figure.
    """

    # here, so that an instance keeps nothing that a checkpoint would have to hold
    class Pruning(keras.callbacks.Callback):
        """Reports to the study."""

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            """Report an epoch, once; ask whether to go on."""
            if epoch + 1 not in known:
                trial.report(record.value(logs), epoch + 1)
            if trial.should_prune():
                self.model.stop_training = True

    return Pruning()


def _keep_best(tuning: Tuning, study: Any) -> None:
    """Note the best trial, and remove the checkpoints of those that have ended but it."""
    from optuna.trial import TrialState

    complete = study.get_trials(states=(TrialState.COMPLETE,))
    name = _name(study.best_trial.number) if complete else None
    _write(tuning.path, tuning.record.model_copy(update={"best": name}))
    for trial in study.trials:
        path = tuning.path / _name(trial.number)
        if trial.state.is_finished() and path.name != name and (path / RECORD_NAME).exists():
            shutil.rmtree(Run.open(path).checkpoints_path, ignore_errors=True)


def _opened(
    dataset: Dataset,
    base: Spec,
    dimensions: Mapping[str, Range],
    kind: str,
    run_dir: Path | str | None,
) -> Tuning:
    """The folder of a tuning, made, or found as it is asked for."""
    figure = "val_reconstruction_loss + val_kl_loss" if "beta" in dimensions else "val_loss"
    wanted = TuningRecord(
        spec=base,
        fingerprint=dataset.fingerprint,
        space={name: (ends.low, ends.high) for name, ends in dimensions.items()},
        figure=figure,
    )
    if run_dir is None or not Path(run_dir).exists():
        path = run_path(dataset, f"{kind}-tune", run_dir)
        _write(path, wanted)
        return Tuning(path)
    found = Tuning(run_dir)
    before, after = (record.model_dump(exclude={"best"}) for record in (found.record, wanted))
    for fields in (before, after):
        del fields["spec"]["data"]["source"]  # the same data may have moved
    if changed := [name for name, value in after.items() if value != before[name]]:
        raise InputError(
            f"a tuning that goes on must keep data, settings and space of {found.path}",
            f"another {', another '.join(changed)}",
            "Leave the changes out, or choose another folder.",
        )
    return found


def _write(path: Path, record: TuningRecord) -> None:
    """Write tuning.json."""
    write_text(path / RECORD_OF_TUNING, record.model_dump_json(indent=2) + "\n")


def _name(number: int) -> str:
    """The folder of a trial."""
    return f"{TRIAL_PREFIX}{number:03d}"


def _optuna() -> Any:
    """The library; InputError where it is not installed."""
    try:
        import optuna
    except ImportError:
        raise InputError(
            "`tune` needs the package optuna",
            "none that can be imported",
            "Install it with: pip install 'condvae[tune]'.",
        ) from None
    return optuna


def _study(path: Path, epochs: int = 1) -> Any:
    """Optuna's study in the folder, made where there is none.

    In its SQLite file, which holds texts and numbers: its other store, a journal, has lines that a
    full disk can cut, after which it cannot be read.
    """
    optuna, first = _optuna(), 1 + max(1, epochs // UNPRUNED_SHARE)
    with _quiet():
        return optuna.create_study(
            storage=f"sqlite:///{(path / STUDY_NAME).absolute()}",
            study_name=STUDY,
            load_if_exists=True,
            direction="minimize",
            pruner=optuna.pruners.MedianPruner(TRIALS_UNPRUNED, first),
        )


def _next(study: Any, seed: int) -> Any:
    """The trial that was cut short, or a new one."""
    optuna = _optuna()
    running = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
    number = running[0].number if running else len(study.trials)
    # of the number alone, so that a break changes nothing of what is drawn later
    study.sampler = optuna.samplers.TPESampler(seed=seed + number)
    return optuna.trial.Trial(study, running[0]._trial_id) if running else study.ask()


def _suggest(trial: Any, dimensions: Mapping[str, Range]) -> dict[str, float]:
    """The trial's point in the space; what it has already stays."""
    return {
        name: trial.suggest_int(name, int(ends.low), int(ends.high), log=True)
        if ends.whole
        else trial.suggest_float(name, ends.low, ends.high, log=True)
        for name, ends in dimensions.items()
    }


@contextmanager
def _quiet() -> Iterator[None]:
    """Let Optuna say its warnings alone."""
    optuna = _optuna()
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)
