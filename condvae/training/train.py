"""Training, whole: from data and a spec to a run folder."""

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from condvae.checks import InputError
from condvae.conditions import Condition, MaskedImage
from condvae.data import Dataset
from condvae.files.atomic import remove_scratch
from condvae.files.lock import locked
from condvae.inference.trained import TrainedModel
from condvae.likelihoods import likelihood_named
from condvae.models import CVAE, Networks, build_model, build_optimizer, load_weights
from condvae.models.factors import start_from_factors
from condvae.runs import RECORD_NAME, Run
from condvae.runs.checkpoint import Checkpoint, TrainingState, save_checkpoint
from condvae.runs.record import (
    DataRecord,
    Preprocessing,
    RunRecord,
    count_conditions,
    installed_versions,
    now,
)
from condvae.spec import Signature, Spec
from condvae.training.callbacks import check_callbacks, names_of, note_new_beginnings
from condvae.training.fit import fit, make_feeds
from condvae.training.folder import run_path
from condvae.training.fused import check_can_fuse
from condvae.training.interrupt import raise_signal
from condvae.training.resume import (
    check_epochs,
    check_same_data,
    find_checkpoint,
    note_resumption,
    spec_to_go_on,
)
from condvae.training.settings import (
    explain_epochs,
    explain_likelihood,
    kind_of,
    open_data,
    resolve_spec,
    settled,
)
from condvae.training.state import make_checkpoint, restore

log = logging.getLogger(__name__)


def train(
    data: Any,
    *,
    preset: str | None = None,
    spec: Spec | None = None,
    run_dir: Path | str | None = None,
    start_from: Path | str | None = None,
    resume: bool = False,
    progress: bool = True,
    networks: Networks = None,
    fused: bool | None = None,
    callbacks: Sequence[Any] = (),
    raise_signals: bool = True,
    **settings: Any,
) -> Run:
    """Train a conditional VAE; the weights of the best epoch by validation are kept.

    Ctrl-C and SIGTERM end after the running step; what was done is kept, and can be resumed. Then
    they are raised, so that a script does not go on as if the training were done.

    Args:
        data: a Dataset, or what `load_data` takes: a name, a path, or an object in memory.
        preset: a name of `condvae.spec.presets`; None chooses by the number of images.
        spec: the whole specification, in place of a preset.
        run_dir: where the run is written, a new folder; None: `runs/<data>-<preset>`.
        start_from: a run whose weights are the first ones.
        resume: go on with the run in run_dir (None: the last of the default name) from its last
            checkpoint, to the same bits as if it had never stopped; settings are the run's, and
            only `epochs` may be others. Where there is no run yet, one begins.
        progress: show a progress bar.
        networks: sub-models of the user's own, such as {"decoder": keras.Model}, in place of those
            of the spec; inputs and outputs as in `models.architectures`. Name their
            layers, so that the weights are found again, and pass them to `load` and to resume.
        fused: run many steps in one compiled call; None: where that pays, on a GPU.
        callbacks: of keras.callbacks, or of the user's own. One that looks at batches turns `fused`
            off; one that sets `model.stop_training` ends the run, as finished. What they keep is
            in no checkpoint: on resume, pass them again.
        raise_signals: False: return the run instead, whose record has the status "interrupted" or
            "terminated".
        settings: single fields of the spec, such as `epochs=3, latent_dim=8`.

    Returns:
        The run.

    Raises:
        InputError: what was passed does not fit; nothing is written.
        KeyboardInterrupt: after Ctrl-C and a checkpoint.
        SystemExit: with the code 143, after SIGTERM and a checkpoint.
    """
    dataset = open_data(data, settings, resume)
    callbacks = check_callbacks(callbacks)
    asked = Request(
        preset, spec, start_from, resume, networks, fused, settings, names_of(callbacks)
    )
    path = run_path(dataset, kind_of(dataset, preset, spec, settings), run_dir, resume)
    with opened(path, dataset, asked) as training:
        run = training.run
        if progress and not resume:
            log.info("likelihood %s", explain_likelihood(dataset, run.spec.model.likelihood))
            if said := explain_epochs(run.spec, run.record.preset, len(dataset.x)):
                log.info("%s", said)
        if run.record.resumed:
            note_new_beginnings(callbacks)
        finish(training, progress, fused, callbacks)
    if run.record.status == "finished":
        hand_over(training)
    elif raise_signals:
        raise_signal(run.path, run.record.status)
    return run


@dataclass(frozen=True)
class Request:
    """What is asked of a training, beside data and folder; attributes as of `train`."""

    preset: str | None = None
    spec: Spec | None = None
    start_from: Path | str | None = None
    resume: bool = False
    networks: Networks = None
    fused: bool | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    callbacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Training:
    """One that is about to go on: its folder, its model and data, and the checkpoint it is at."""

    run: Run
    model: CVAE
    dataset: Dataset
    checkpoint: Checkpoint | None


@contextmanager
def opened(path: Path, dataset: Dataset, asked: Request) -> Iterator[Training]:
    """The training of a folder, begun or, to resume, at its newest checkpoint; it has one writer.

    Errors as in `train`.

    Args:
        path: as `run_path` gives it.
    """
    if (path / RECORD_NAME).exists():  # only with resume
        with locked(path):
            yield _go_on(path, dataset, asked)
        return
    preset, spec = resolve_spec(dataset, asked.preset, asked.spec, asked.settings)
    dataset = dataset.with_spec(spec.data)
    model = first_model(dataset, spec, asked.start_from, asked.networks)
    if asked.fused:
        check_can_fuse(make_feeds(dataset, spec)[0])
    path.mkdir(parents=True, exist_ok=asked.resume)
    with locked(path):
        if (path / RECORD_NAME).exists():
            raise InputError(
                f"{path} must have one writer at a time",
                "a run that another process began there meanwhile",
                "Ask again: `resume=True` goes on with that run.",
            )
        record = new_record(dataset, preset, spec, asked)
        run = Run(path, record)
        yield Training(run, model, dataset, _begin(run, model))


def _begin(run: Run, model: CVAE) -> Checkpoint | None:
    """Make the folder a run; the first checkpoint of one that has other weights than the seed's."""
    _remove_scratch(run)
    shutil.rmtree(run.checkpoints_path, ignore_errors=True)  # of a beginning that was killed
    checkpoint = None
    if run.record.start_from is not None:
        # else a kill in the first epoch would lose weights that no seed brings back
        checkpoint = make_checkpoint(model, TrainingState(), {})
        save_checkpoint(run.checkpoints_path, checkpoint)
    run.update()  # last: a folder without a record is no run yet
    return checkpoint


def _go_on(path: Path, dataset: Dataset, asked: Request) -> Training:
    """Take up a run at its newest checkpoint."""
    run = Run.open(path)
    spec = asked.spec or run.spec
    if asked.preset is not None:
        # a preset that is named again is compared, all but its epochs, with the run's spec
        epochs = {"epochs": run.spec.training.epochs}
        _, spec = resolve_spec(dataset, asked.preset, asked.spec, epochs)
    wanted = settled(dataset, spec.override(**asked.settings))
    spec = spec_to_go_on(run, wanted, asked.start_from)
    dataset = dataset.with_spec(spec.data)
    check_same_data(run, dataset)
    _remove_scratch(run)
    checkpoint = find_checkpoint(run)
    state = checkpoint.state if checkpoint else TrainingState()
    check_epochs(run, state, spec)
    model = prepare_model(dataset, spec, networks=asked.networks)
    if checkpoint:
        restore(model, checkpoint.tensors)  # what does not fit is refused before the record changes
    note_resumption(run, state, spec, asked.callbacks)
    return Training(run, model, dataset, checkpoint)


def finish(
    training: Training, progress: bool, fused: bool | None = None, callbacks: Sequence[Any] = ()
) -> None:
    """Run the epochs that are left; a failure is recorded where the disk lets it."""
    run, model = training.run, training.model
    try:
        run.write_graphs(model)
        fit(model, training.dataset, run, training.checkpoint, progress, fused, callbacks)
    except BaseException as error:
        with suppress(OSError):
            is_interrupt = isinstance(error, KeyboardInterrupt)
            run.update(status="interrupted" if is_interrupt else "failed")
        raise


def hand_over(training: Training) -> None:
    """Make the model in memory the run's, with the weights of the best epoch: nothing is built."""
    run, model = training.run, training.model
    load_weights(model, run.stored_weights())
    run.by_keras = TrainedModel(model, run.record.condition, run.record.preprocessing.table)


def _remove_scratch(run: Run) -> None:
    """Remove what a killed process has left half-written."""
    remove_scratch(run.path)
    remove_scratch(run.checkpoints_path)


def first_model(
    dataset: Dataset,
    spec: Spec,
    start_from: Path | str | None = None,
    networks: Networks = None,
) -> CVAE:
    """The compiled model that a training begins with; errors as `prepare_model`."""
    if spec.model.baseline == "frozen" and start_from is None:
        raise InputError(
            "a frozen baseline must come from another run, in `start_from`",
            "none",
            "Train one with `network='deterministic'` `baseline='joint'` first.",
        )
    return prepare_model(dataset, spec, start_from, networks)


def prepare_model(
    dataset: Dataset,
    spec: Spec,
    start_from: Path | str | None = None,
    networks: Networks = None,
) -> CVAE:
    """The compiled model with its first weights.

    Raises:
        InputError: the data do not fit the likelihood, or other weights the networks.
    """
    train, _ = dataset.train, dataset.labelled  # what cannot be split is refused here
    kind = likelihood_named(spec.model.likelihood)
    kind.check_data(dataset)
    condition = condition_of(dataset, spec)
    steps = -(-len(train.x) // spec.training.batch_size) * spec.training.epochs
    counts = dataset.x_max if kind.as_stored and dataset.table is None else 1
    model = build_model(
        spec,
        Signature(
            dataset.image_shape,
            condition.shape,
            dataset.x_max,
            condition.white,
            None if dataset.table is None else dataset.table.kinds,
        ),
        counts * dataset.mean_of(train.x),
        networks=networks,
        steps=steps,
    )
    if spec.model.decoder_start == "factors" and start_from is None:
        if kind.of_classes or (kind.as_stored and not kind.of_columns):
            raise InputError(
                "decoder_start 'factors' needs a table, or pixels",
                dataset.assumption,
                "Take 'glorot'.",
            )
        start_from_factors(model, train.x, train.given)
    if start_from is not None:
        start = Run.open(start_from)
        if start.record.condition != condition:
            raise InputError(
                f"`start_from` must be a run with the data's condition, {condition}",
                f"{start.path} with {start.record.condition}",
                "Take a run on the same classes, or the same kind of images.",
            )
        only = "baseline" if spec.model.baseline == "frozen" else None
        load_weights(model, start.stored_weights(), only)
    model.compile(optimizer=build_optimizer(spec, steps))
    return model


def condition_of(dataset: Dataset, spec: Spec) -> Condition:
    """What the task gives: the data's own condition, or a part of the image."""
    if spec.data.masks_parts:
        if dataset.table is not None:
            raise InputError(
                "a task that gives parts of x must have images",
                f"{dataset.name or 'data'}, {dataset.assumption}",
                "Leave `task` out.",
            )
        height, width, channels = dataset.image_shape
        return MaskedImage(image_shape=(height, width, channels), y_max=dataset.x_max)
    own = "image" if dataset.condition.is_image else "class"
    if spec.data.task != own:
        raise InputError(
            f"the task must fit the data, whose condition is {dataset.condition}",
            repr(spec.data.task),
            f"Take the task {own!r}, or one that gives parts of x.",
        )
    return dataset.condition


def new_record(dataset: Dataset, preset: str | None, spec: Spec, asked: Request) -> RunRecord:
    """The record of a run that begins now."""
    return RunRecord(
        status="running",
        created=now(),
        preset=preset,
        start_from=None if asked.start_from is None else str(asked.start_from),
        spec=spec,
        condition=condition_of(dataset, spec),
        preprocessing=Preprocessing(
            image_shape=dataset.image_shape,
            x_max=dataset.x_max,
            assumption=dataset.assumption,
            in_unit_interval=dataset.in_unit_interval
            and not likelihood_named(spec.model.likelihood).as_stored,
            pixel_classes=dataset.pixel_classes,
            table=dataset.table,
        ),
        data=DataRecord(
            name=dataset.name,
            fingerprint=dataset.fingerprint,
            splits=dataset.split_record(),
            conditions=_first_conditions(dataset),
        ),
        networks=tuple(asked.networks or ()),
        callbacks=asked.callbacks,
        versions=installed_versions(),
    )


def _first_conditions(dataset: Dataset) -> Any:
    """The conditions of a `DataRecord`, of a table."""
    several = dataset.condition.by_name
    if dataset.table is None or several is None:
        return None
    return count_conditions(several.first_alone(dataset.train.given))
