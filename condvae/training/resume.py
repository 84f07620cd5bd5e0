"""Whether a run may be resumed, and from where."""

import logging
from pathlib import Path
from typing import Any

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.models import Networks
from condvae.models.configuration import model_of
from condvae.runs import Run
from condvae.runs.checkpoint import Checkpoint, TrainingState, newest_checkpoint
from condvae.runs.record import Resumption, installed_versions, now
from condvae.spec import Spec
from condvae.training.devices import num_devices
from condvae.training.processes import num_processes
from condvae.training.row_weights import digest

log = logging.getLogger(__name__)


def spec_to_go_on(run: Run, asked: Spec, start_from: Path | str | None) -> Spec:
    """The run's spec with the requested number of epochs.

    Raises:
        InputError: another setting, or the initial weights, differ; the message names all of them.
    """
    before, after = run.spec.model_dump(), asked.model_dump()
    changed = [
        f"{section}.{name} {value!r} instead of {before[section][name]!r}"
        for section, fields in after.items()
        for name, value in fields.items()
        if name not in ("epochs", "source", "mapped") and value != before[section][name]
    ]
    begun_from = run.record.start_from
    if start_from is not None and (begun_from is None or Path(start_from) != Path(begun_from)):
        changed.append(f"`start_from` {start_from} instead of {begun_from or 'none'}")
    if changed:
        raise InputError(
            f"`resume` must keep the settings of {run.path}",
            ", ".join(changed),
            "Omit them, or train a new run.",
        )
    return run.spec.override(epochs=asked.training.epochs)


def check_same_data(run: Run, dataset: Dataset) -> None:
    """Raise InputError for data other than the run's, or for the same data with other splits."""
    dataset = run.check_data(dataset)
    if dataset.split_record() != run.record.data.splits:
        raise InputError(
            f"the data must be split as in {run.path}",
            "other rows in the splits",
            "Resume with the version of condvae that started the run.",
        )


def check_same_weights(run: Run, sample_weight: Any) -> None:
    """Raise InputError for row weights other than the run's."""
    if digest(sample_weight) != run.record.sample_weight:
        raise InputError(
            f"`resume` must keep the weights of the rows of {run.path}",
            "other weights, or none" if run.record.sample_weight else "weights, where it has none",
            "Pass the `sample_weight` of the run.",
        )


def recorded_networks(run: Run) -> Networks:
    """The user-defined networks that the record can rebuild; None if it has none."""
    record = run.record
    if record.keras_config is None:
        return None
    model = model_of(record.keras_config)
    return {name: getattr(model, name) for name in record.networks}


def find_checkpoint(run: Run) -> Checkpoint | None:
    """The newest complete checkpoint; None if the run starts again without losing anything.

    Raises:
        InputError: all checkpoints are damaged or missing.
    """
    checkpoint = newest_checkpoint(run.checkpoints_path)
    if checkpoint is not None:
        return checkpoint
    # the first checkpoint is taken after the first epoch, or before it if weights were loaded
    record = run.record
    epochs = len(run.history["epoch"]) if run.history_path.exists() else 0
    epochs = max(epochs, record.figures.epochs if record.figures else 0)
    if epochs > 1 or record.status == "finished" or record.start_from is not None:
        raise InputError(
            f"{run.checkpoints_path} must hold a checkpoint",
            f"none, in a {record.status} run of {epochs} epochs",
            "Restore it, or train a new run from the weights of this one (`start_from`).",
        )
    return None


def check_epochs(run: Run, state: TrainingState, spec: Spec) -> None:
    """Raise InputError if fewer epochs are requested than were started."""
    begun = state.epoch + (state.step > 0)
    if spec.training.epochs < begun:
        raise InputError(
            f"`epochs` must be at least {begun}, the number that {run.path} has started",
            f"{spec.training.epochs}",
            "Ask for more epochs, or train a new run.",
        )


def note_resumption(
    run: Run, state: TrainingState, spec: Spec, callbacks: tuple[str, ...] = ()
) -> None:
    """Log what resuming means here, and write the record of a resumed run."""
    versions, devices = installed_versions(), num_devices()
    last = run.record.resumed[-1] if run.record.resumed else run.record
    earlier = last.versions
    changed = [
        f"{name} {versions.get(name, 'none')} instead of {earlier.get(name, 'none')}"
        for name in sorted(versions.keys() | earlier.keys())
        if versions.get(name) != earlier.get(name)
    ]
    if changed:
        log.warning("other versions than before, so results may differ: %s", ", ".join(changed))
    if devices != last.devices:
        log.warning("%d device(s) instead of %d, so results will differ", devices, last.devices)
    before, after = run.spec.training, spec.training
    scheduled = {
        "the learning rate's": run.record.optimizer is None
        and (after.schedule != "constant" or after.warmup),
        "beta's": spec.objective.beta_warmup,
    }
    if after.epochs != before.epochs and any(scheduled.values()):
        log.warning(
            "%s schedule spans all epochs: from here on it is the schedule of %d "
            "instead of %d; a run of %d epochs from the beginning would have ended elsewhere",
            " and ".join(name for name, is_set in scheduled.items() if is_set),
            after.epochs,
            before.epochs,
            after.epochs,
        )
    # a run that a callback ended stays so, like early stopping, until more epochs are requested
    ended_by = run.record.ended_by if after.epochs == before.epochs else None
    if state == TrainingState():
        log.warning("%s starts from the first epoch: it has no checkpoint yet", run.path)
    elif state.epoch == after.epochs:
        log.warning("%s has completed its %d epochs", run.path, after.epochs)
    elif ended_by:
        log.warning(
            "%s was stopped by %s after %s of %d; more epochs continue it",
            run.path,
            ended_by,
            state.place,
            after.epochs,
        )
    else:
        log.warning("%s continues after %s of %d", run.path, state.place, after.epochs)
    resumption = Resumption(
        time=now(),
        place=state.place,
        versions=versions,
        devices=devices,
        processes=num_processes(),
    )
    # no figures until the end, since other weights may become the best ones
    resumed = (*run.record.resumed, resumption)
    run.update(
        spec=spec,
        status="running",
        resumed=resumed,
        figures=None,
        failure=None,
        callbacks=callbacks or (run.record.callbacks if ended_by else ()),
        ended_by=ended_by,
    )
