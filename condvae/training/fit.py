"""The epochs of a run, from its start or from a checkpoint to its end."""

import logging
import math
import signal
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import keras
import numpy as np

from condvae.conditions import Schema, Table
from condvae.conditions.masks import masked_images
from condvae.data import Dataset
from condvae.data.mapped import by_rows
from condvae.files.disk import room_for
from condvae.models import CVAE
from condvae.runs import Run
from condvae.runs.checkpoint import Checkpoint, newest_checkpoint
from condvae.spec import Spec
from condvae.spec.presets import fitting_batch
from condvae.training.augment import augmented, check_augment
from condvae.training.callbacks import user_callbacks, watch_batches
from condvae.training.devices import shared_out, take_shares
from condvae.training.feed import Feed
from condvae.training.fused import Blocks, fuse, pays
from condvae.training.heap import keep_freed_memory, keep_no_more
from condvae.training.interrupt import STATUSES, interruptible
from condvae.training.journal import Journal
from condvae.training.live import LivePage
from condvae.training.pace import Pace, keep_pace, lose_pace
from condvae.training.progress import ProgressBar
from condvae.training.recorder import Recorder
from condvae.training.row_weights import training_weights
from condvae.training.state import restore, state_bytes
from condvae.training.tracked import TrackedTraining

log = logging.getLogger(__name__)

# Validation has no optimizer step, so its batches are as large as is fast.
VALIDATION_BATCH = 1000


def make_feeds(dataset: Dataset, spec: Spec, sample_weight: Any = None) -> tuple[Feed, Feed]:
    """The shuffled training batches and the validation batches.

    Args:
        sample_weight: as in `train`.
    """
    train, validation = dataset.train, dataset.validation
    y_train, y_validation, more = train.given, validation.given, None
    if spec.data.masks_parts:

        def masked(x: np.ndarray, rng: np.random.Generator, omission: float = 0.0) -> np.ndarray:
            return masked_images(x, spec.data, dataset.x_max, rng, omission)

        y_train, y_validation = partial(masked, omission=spec.objective.omission), masked
    if dataset.labelled is not None:
        y_train, y_validation = (
            np.zeros((len(split.x), dataset.num_classes), "float32")
            for split in (train, validation)  # choosing the best epoch uses no labels
        )
        # one-hot if the label is known, zeros otherwise
        y_train[dataset.labelled, train.given[dataset.labelled]] = 1
        more = (dataset.labelled, spec.training.labelled_batch)
    x_validation: Any = validation.x
    change, several = None, dataset.condition.by_name
    if dataset.table is not None:
        x_validation = by_rows(x_validation, dataset.table.without_conditions)
    has_parts = dataset.table is not None or spec.training.condition_dropout
    if several is not None and has_parts and not spec.data.masks_parts:
        change = partial(
            left_out,
            several=several,
            table=dataset.table,
            conditions=spec.training.condition_dropout,
            cells=spec.training.cell_dropout,
        )
    augment, numbers = None, math.prod(train.x.shape[1:])
    if kinds := spec.training.augment:
        check_augment(dataset)
        augment = partial(augmented, kinds=kinds)
    return (
        Feed(
            train.x,
            y_train,
            spec.training.batch_size,
            spec.training.seed,
            change=change,
            more=more,
            augment=augment,
            weights=training_weights(dataset, spec.training.class_weight, sample_weight),
            in_windows=spec.training.order == "windows",
        ),
        Feed(x_validation, y_validation, fitting_batch(VALIDATION_BATCH, numbers)),
    )


def left_out(
    x: np.ndarray,
    y: np.ndarray,
    rng: np.random.Generator,
    several: Schema,
    table: Table | None,
    conditions: float,
    cells: float,
) -> tuple[np.ndarray, np.ndarray]:
    """A batch with some of its conditions dropped, and for a table some of its cells.

    Args:
        x, y: the encoded batch.
        several: the conditions y.
        table: the columns of x; None for images.
        conditions: share of the rows for which only a random subset of the conditions is kept.
        cells: share of the rows for which a random share of the cells is hidden.
    """
    y, kept = several.drop(y, rng, conditions)
    if table is None:
        return x, y
    # a dropped condition is a column of x instead, whether it has a value or not
    return table.drop(table.hide_conditions(x, kept), rng, cells), y


def fit(
    model: CVAE,
    dataset: Dataset,
    run: Run,
    checkpoint: Checkpoint | None,
    progress: bool,
    tracked: TrackedTraining,
    fused: bool | None = None,
    callbacks: Sequence[Any] = (),
    sample_weight: Any = None,
    live: LivePage | None = None,
) -> None:
    """Run the remaining epochs, and complete the record.

    An epoch that was interrupted and checkpointed is completed by a separate call of Keras's `fit`.

    Args:
        tracked: the trackers of the run.
        fused: whether many steps run in one call, see `fused`; None: where this is faster.
        callbacks: user-defined callbacks.
        sample_weight: as in `train`.
        live: the page on which the training is watched.

    Raises:
        InputError: the losses are no longer finite, or the disk is full.
    """
    keep_freed_memory()
    model.stop_evaluating = False  # read by callbacks
    epochs = run.spec.training.epochs
    feed, validation = make_feeds(dataset, run.spec, sample_weight)
    bar = ProgressBar(epochs, feed.steps, rows=(len(feed.x), dataset.unit))
    with room_on_disk(run, model), interruptible(model) as interrupt:
        pace = Pace(interrupt)
        fused = pays(feed) if fused is None else fused
        if fused and (looking := watch_batches(callbacks)):
            log.warning("steps run one by one, since %s see(s) each", ", ".join(looking))
            fused = False
        if fused:
            fuse(model, feed, pace)
        take_shares(model)
        keep_pace(model, pace)
        journal = Journal(run, checkpoint, model.objective.added)
        users = user_callbacks(callbacks, epochs, pace, run.record.ended_by)
        bar.reason = lambda: why_ended(interrupt.signal, users.ended_by, run.spec.training.patience)
        recorder = Recorder(journal, feed, pace, users, tracked, live)
        hooks: list[keras.callbacks.Callback] = [recorder, users]
        if progress:
            feed.on_batch = bar.on_batch
            hooks.append(bar)
        is_second = False
        try:
            while not (journal.finished or interrupt.requested or users.ended_by):
                if is_second:
                    journal.checkpoint = newest_checkpoint(run.checkpoints_path)
                if journal.checkpoint:
                    restore(model, journal.checkpoint.tensors)
                state = journal.state
                # if only validation remains, Keras still needs a batch, but takes no step
                pace.closed = state.step == feed.steps
                recorder.feed = feed.from_step(state.step - pace.closed)
                users.first_step = state.step
                keras.Model.fit(  # these data need no check, and blocks would not pass it
                    model,
                    Blocks(recorder.feed) if fused else shared_out(recorder.feed),
                    validation_data=shared_out(validation),
                    initial_epoch=state.epoch,
                    # an interrupted epoch is completed by a separate call, whose feed starts in the
                    # middle
                    epochs=state.epoch + 1 if state.step else epochs,
                    shuffle=False,
                    verbose=0,
                    callbacks=hooks,
                )
                # `fit` ends with averages as the weights: another call starts from the checkpoint
                journal.checkpoint, is_second = None, True
            users.end()
        finally:
            bar.close()
            journal.close()
            lose_pace(model)
            keep_no_more()
        run.update(
            status=STATUSES.get(interrupt.signal or 0, "finished"),
            ended_by=None if journal.finished else users.ended_by,
        )


def why_ended(signum: int | None, ended_by: str | None, patience: int | None) -> str:
    """Why a training did not reach its last epoch, in words."""
    if signum is not None:
        return f"stopped by {'Ctrl-C' if signum == signal.SIGINT else signal.Signals(signum).name}"
    if ended_by is not None:
        return f"stopped by {ended_by}"
    return f"stopped early: no better validation loss for {patience} epochs"


def room_on_disk(run: Run, model: CVAE) -> AbstractContextManager[None]:
    """Report how much space a checkpoint needs if the disk is full."""
    return room_for(
        "a checkpoint",
        lambda: state_bytes(model),
        run.path,
        "Free some disk space; `resume=True` then continues from the last checkpoint.",
    )
