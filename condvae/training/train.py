"""Training as a whole: from data and a spec to a run folder."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.files.atomic import remove_scratch
from condvae.files.lock import locked
from condvae.inference.trained import TrainedModel
from condvae.models import (
    CVAE,
    Networks,
    class_named,
    load_weights,
)
from condvae.runs import RECORD_NAME, Run
from condvae.runs.checkpoint import Checkpoint, TrainingState, save_checkpoint
from condvae.spec import Spec
from condvae.tracking import check_trackers
from condvae.training.beginning import Request, first_model, new_record, prepare_model
from condvae.training.callbacks import check_callbacks, names_of, note_new_beginnings
from condvae.training.devices import on_devices
from condvae.training.fit import fit, make_feeds
from condvae.training.folder import run_path
from condvae.training.fused import check_can_fuse
from condvae.training.interrupt import raise_signal
from condvae.training.live import LIVE_NAME, LivePage
from condvae.training.optimizer import new_optimizer, recorded_optimizer
from condvae.training.processes import in_processes, is_first, naming_losses, own_folder
from condvae.training.resume import (
    check_epochs,
    check_same_data,
    check_same_weights,
    find_checkpoint,
    note_resumption,
    recorded_networks,
    spec_to_go_on,
)
from condvae.training.row_weights import training_weights
from condvae.training.settings import (
    explain_epochs,
    explain_likelihood,
    explain_takeover,
    kind_of,
    open_data,
    resolve_spec,
    settled,
)
from condvae.training.state import make_checkpoint, restore
from condvae.training.tracked import TrackedTraining

_log = logging.getLogger(__name__)

MOST_SAID = 500  # characters of an error message in the record


def train(
    data: Any,
    *,
    preset: str | None = None,
    spec: Spec | None = None,
    run: Path | str | None = None,
    start_from: Path | str | None = None,
    resume: bool = False,
    progress: bool = True,
    networks: Networks = None,
    fused: bool | None = None,
    callbacks: Sequence[Any] = (),
    optimizer: Any = None,
    sample_weight: Any = None,
    model_class: type[CVAE] | None = None,
    log: str | Sequence[str] = (),
    devices: int | str | None = None,
    distributed: bool | int = False,
    raise_signals: bool = True,
    watch: bool | None = None,
    **settings: Any,
) -> Run:
    """Train a conditional VAE; the weights of the best epoch by validation are kept.

    Ctrl-C and SIGTERM end the training after the current step; what was done is kept, and can be
    resumed. They are then raised, so that a script does not continue as if the training were
    complete.

    Args:
        data: a Dataset, or anything that `load_data` takes: a name, a path, or an object in memory.
        preset: a name of `condvae.spec.presets`; None chooses by the number of images.
        spec: the whole specification, instead of a preset.
        run: the folder for the run, which must be new; None: `runs/<data>-<preset>`.
        start_from: a run whose weights are the initial ones.
        resume: whether to continue the run in `run` (None: the last one of the default name) from
            its last checkpoint, with results identical to an uninterrupted run. The settings are
            those of the run, and only `epochs` may differ. If there is no run yet, one is started.
        progress: whether to show a progress bar.
        networks: user-defined sub-models, such as {"decoder": keras.Model}, which replace those of
            the spec; inputs and outputs as in `models.architectures`. Name their layers, since
            weights are stored by name, and pass them again to `load` and to resume.
        fused: whether to run many steps in one compiled call; None: where this is faster, on a GPU.
        callbacks: Keras callbacks. A callback that uses events of batches turns `fused` off; one
            that sets `model.stop_training` ends the run, as finished. Checkpoints do not hold their
            state: pass them again to resume.
        optimizer: a Keras optimizer, or its name, which replaces the spec's Adam and its settings.
            Its configuration is stored in the record, its state in the checkpoints.
        sample_weight: (N,) weight of each row of the data set in the training loss, or the column
            of a table with the weights. Pass it again to resume. Validation and all measures weight
            rows equally. (`class_weight` is a setting.)
        model_class: a subclass of CVAE that is registered with Keras, such as one with its own
            `compute_loss`.
        log: trackers that get the run: "tensorboard", "mlflow", "wandb", "trackio". A resumed run
            continues its tracks, whether they are named again or not.
        devices: number of devices over which each batch is distributed, or "all"; results are those
            of one device, up to rounding. None: one, or those of Keras's distribution if the
            program has set one.
        distributed: whether the processes of a cluster that JAX knows, or of JAX's environment
            variables, train together, each on all of its devices; or the number of processes that
            there must be. Results are those of one process, up to rounding. Process 0 writes the
            run, and SIGTERM to any process ends all after the same step; the folders of the others
            are removed when this call ends.
        raise_signals: False: return the run, whose record has the status "interrupted" or
            "terminated", instead of raising.
        watch: whether to keep `live.html` in the run folder, a page that reloads itself: learning
            curves, and for each epoch samples at fixed z and reconstructions, or a few rows of a
            table. None: in Jupyter, where the cell shows it, unless `progress` is False.
        settings: single fields of the spec, such as `epochs=3, class_weight="balanced"`.

    Returns:
        The run.

    Raises:
        InputError: an argument does not fit; nothing is written.
        KeyboardInterrupt: after Ctrl-C and a checkpoint.
        SystemExit: after SIGTERM and a checkpoint, with the code 143.
        ProcessLostError: another process of a distributed training has ended.
    """
    trackers = check_trackers(log)
    dataset = open_data(data, settings, resume)
    callbacks = check_callbacks(callbacks)
    with in_processes(distributed), on_devices(devices, networks):
        asked = Request(
            preset,
            spec,
            start_from,
            resume,
            networks,
            fused,
            settings,
            names_of(callbacks),
            new_optimizer(optimizer, settings),
            sample_weight,
            model_class,
        )
        kind = kind_of(dataset, preset, spec, settings)
        folder = own_folder(lambda: run_path(dataset, kind, run, resume), asked.facts(dataset))
        with folder as path, opened(path, dataset, asked) as training:
            made, progress = training.run, progress and is_first()
            if progress and not resume:
                _log.info("likelihood %s", explain_likelihood(dataset, made.spec.model.likelihood))
                if said := explain_epochs(made.spec, made.record.preset, len(dataset.x)):
                    _log.info("%s", said)
                if said := explain_takeover(made.record):
                    _log.info("%s", said)
            if made.record.resumed:
                note_new_beginnings(callbacks)
            watch = progress and Console().is_jupyter if watch is None else watch
            watch = watch and is_first()
            if watch:
                _log.info("watch %s", (made.path / LIVE_NAME).resolve().as_uri())
            trackers = trackers if is_first() else ()
            finish(training, progress, fused, callbacks, trackers, watch)
    if made.record.status == "finished":
        if devices is None and not distributed:  # otherwise it is on all devices
            hand_over(training)
    elif raise_signals:
        raise_signal(made.path if is_first() else Path("process 0"), made.record.status)
    return made


@dataclass(frozen=True)
class Training:
    """A training that is about to continue: its folder, model and data, and its checkpoint."""

    run: Run
    model: CVAE
    dataset: Dataset
    checkpoint: Checkpoint | None
    sample_weight: Any = None


@contextmanager
def opened(path: Path, dataset: Dataset, asked: Request) -> Iterator[Training]:
    """The training in a folder, new or, to resume, at its newest checkpoint; it is locked.

    Errors as in `train`.

    Args:
        path: the folder, from `run_path`.
    """
    if (path / RECORD_NAME).exists():  # only if resume is set
        with locked(path):
            yield _go_on(path, dataset, asked)
        return
    preset, spec = resolve_spec(dataset, asked.preset, asked.spec, asked.settings)
    dataset = dataset.with_spec(spec.data)
    own = asked.networks, asked.optimizer, asked.model_class
    model = first_model(dataset, spec, asked.start_from, *own)
    training_weights(dataset, spec.training.class_weight, asked.sample_weight)  # raises early
    if asked.fused:
        check_can_fuse(make_feeds(dataset, spec, asked.sample_weight)[0])
    path.mkdir(parents=True, exist_ok=asked.resume)
    with locked(path):
        if (path / RECORD_NAME).exists():
            raise InputError(
                f"{path} must have one writer at a time",
                "a run that another process started there meanwhile",
                "Try again: `resume=True` continues that run.",
            )
        record = new_record(dataset, preset, spec, asked, model)
        run = Run(path, record)
        _begin(run, model)
        yield Training(run, model, dataset, None, asked.sample_weight)


def _begin(run: Run, model: CVAE) -> None:
    """Make the folder a run, with a first checkpoint if its weights do not come from the seed."""
    _remove_scratch(run)
    shutil.rmtree(run.checkpoints_path, ignore_errors=True)  # from a start that was killed
    if run.record.start_from is not None:
        # otherwise a kill in the first epoch would lose weights that no seed can reproduce
        save_checkpoint(run.checkpoints_path, make_checkpoint(model, TrainingState(), {}))
    run.update()  # last, since a folder without a record is not a run yet


def _go_on(path: Path, dataset: Dataset, asked: Request) -> Training:
    """Load a run at its newest checkpoint."""
    run = Run.open(path)
    spec = asked.spec or run.spec
    if asked.preset is not None:
        # a preset that is named again is compared with the run's spec, except for its epochs
        kept = {"epochs": run.spec.training.epochs, "order": run.spec.training.order}
        _, spec = resolve_spec(dataset, asked.preset, asked.spec, kept)
    wanted = settled(dataset, spec.override(**asked.settings))
    if wanted.training.order == "auto":  # the data may be elsewhere now
        wanted = wanted.override(order=run.spec.training.order)
    spec = spec_to_go_on(run, wanted, asked.start_from)
    dataset = dataset.with_spec(spec.data)
    check_same_data(run, dataset)
    _remove_scratch(run)
    checkpoint = find_checkpoint(run)
    state = checkpoint.state if checkpoint else TrainingState()
    check_epochs(run, state, spec)
    check_same_weights(run, asked.sample_weight)
    optimizer = recorded_optimizer(run.record.optimizer, asked.optimizer)
    model_class = asked.model_class or class_named(run.record.model_class)
    networks = asked.networks or recorded_networks(run)
    own = networks, optimizer, model_class
    model = prepare_model(dataset, spec, None, *own, restored=checkpoint is not None)
    if checkpoint:
        restore(model, checkpoint.tensors)  # raises before the record changes
    if asked.fused:
        check_can_fuse(make_feeds(dataset, spec, asked.sample_weight)[0])
    note_resumption(run, state, spec, asked.callbacks)
    return Training(run, model, dataset, checkpoint, asked.sample_weight)


def finish(
    training: Training,
    progress: bool,
    fused: bool | None = None,
    callbacks: Sequence[Any] = (),
    trackers: Sequence[str] = (),
    watch: bool = False,
) -> None:
    """Run the remaining epochs; a failure is recorded if the disk allows it."""
    run, model, dataset = training.run, training.model, training.dataset
    checkpoint = training.checkpoint
    state = checkpoint.state if checkpoint else TrainingState()
    live = LivePage(run, dataset, state) if watch else None
    try:
        run.write_graphs(model)
        with closing(TrackedTraining(run, dataset, state, trackers)) as tracked:
            weights = training.sample_weight
            with naming_losses():
                fit(
                    *(model, dataset, run, checkpoint, progress, tracked),
                    *(fused, callbacks, weights, live),
                )
    except BaseException as error:
        with suppress(OSError):
            is_interrupt = isinstance(error, KeyboardInterrupt)
            if run.record.status == "running":  # otherwise only a tracker had not finished
                status = "interrupted" if is_interrupt else "failed"
                run.update(status=status, failure=f"{type(error).__name__}: {error}"[:MOST_SAID])
        raise
    finally:
        if live is not None:
            live.close()


def hand_over(training: Training) -> None:
    """Give the run the model in memory, with the best weights, without rebuilding it."""
    run, model = training.run, training.model
    load_weights(model, run.stored_weights())
    run.by_keras = TrainedModel(model, run.record.condition, run.record.preprocessing.table)


def _remove_scratch(run: Run) -> None:
    """Remove incomplete files of a killed process."""
    remove_scratch(run.path)
    remove_scratch(run.checkpoints_path)
