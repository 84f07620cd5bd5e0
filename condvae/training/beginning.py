"""The start of a training: the request, the model, and the record."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from condvae.checks import InputError
from condvae.conditions import Condition, MaskedImage
from condvae.conditions.takeover import Takeover
from condvae.data import Dataset
from condvae.likelihoods import likelihood_named
from condvae.models import (
    CVAE,
    Networks,
    build_model,
    build_optimizer,
    load_weights,
    registered_name,
)
from condvae.models.configuration import configuration_of
from condvae.models.factors import start_from_factors
from condvae.models.takeover import take_over
from condvae.runs import Run
from condvae.runs.record import (
    DataRecord,
    Preprocessing,
    RunRecord,
    installed_versions,
    now,
)
from condvae.spec import Signature, Spec
from condvae.training.devices import num_devices
from condvae.training.features import learn_features
from condvae.training.fit import left_out
from condvae.training.optimizer import configuration
from condvae.training.processes import num_processes
from condvae.training.row_weights import digest

STREAM = 5  # of the seed, beside those of `Feed` and of the features


@dataclass(frozen=True)
class Request:
    """The arguments of a training, beside data and folder; attributes as in `train`."""

    preset: str | None = None
    spec: Spec | None = None
    start_from: Path | str | None = None
    resume: bool = False
    networks: Networks = None
    fused: bool | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    callbacks: tuple[str, ...] = ()
    optimizer: Any = None
    sample_weight: Any = None
    model_class: type[CVAE] | None = None

    def facts(self, dataset: Dataset) -> tuple[Any, ...]:
        """What processes that train together must have in common, as strings and numbers."""
        settings = sorted(self.settings.items())
        weights = digest(self.sample_weight)
        return dataset.fingerprint, self.preset, self.spec, self.resume, settings, weights


DEFAULT = Request()


def first_model(
    dataset: Dataset,
    spec: Spec,
    start_from: Path | str | None = None,
    networks: Networks = None,
    *own: Any,
) -> CVAE:
    """The compiled model at the start; arguments and errors as in `prepare_model`."""
    if spec.training.freeze and start_from is None:
        raise InputError(
            "networks to freeze must come from another run, given by `start_from`",
            ", ".join(spec.training.freeze),
            "Name a run, or omit `freeze`.",
        )
    if spec.model.baseline == "frozen" and start_from is None:
        raise InputError(
            "a frozen baseline must come from another run, given by `start_from`",
            "none",
            "Train one with `network='deterministic'` `baseline='joint'` first.",
        )
    return prepare_model(dataset, spec, start_from, networks, *own)


def prepare_model(
    dataset: Dataset,
    spec: Spec,
    start_from: Path | str | None = None,
    networks: Networks = None,
    optimizer: keras.optimizers.Optimizer | None = None,
    model_class: type[CVAE] | None = None,
    restored: bool = False,
) -> CVAE:
    """The compiled model with its initial weights.

    Args:
        optimizer: a user-defined optimizer; None: the spec's.
        model_class: a subclass of CVAE; None: CVAE itself.
        restored: whether a checkpoint will replace the weights, so that no start is computed.

    Raises:
        InputError: the data do not fit the likelihood, or the weights of another run the networks.
    """
    registered_name(model_class)  # raises for a class that could not be loaded again
    train, _ = dataset.train, dataset.labelled  # raises for data that cannot be split
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
        model_class=model_class or CVAE,
    )
    starts = start_from is None and not restored
    if spec.model.decoder_start == "factors" and starts:
        if kind.of_classes or (kind.as_stored and not kind.of_columns):
            raise InputError(
                "decoder_start 'factors' requires a table, or pixels",
                dataset.assumption,
                "Use 'glorot'.",
            )
        hidden, table, several = None, dataset.table, dataset.condition.by_name
        if table is not None and several is not None and len(several.names) > 1:
            # conditions tell one another: as a training step sees a row, each in y or in x
            rng = np.random.default_rng([spec.training.seed, STREAM])
            rate = spec.training.condition_dropout
            hidden = partial(
                left_out, rng=rng, several=several, table=table, conditions=rate, cells=0.0
            )
        start_from_factors(model, train.x, train.given, hidden)
    if spec.objective.perceptual and starts:
        learn_features(model, dataset, spec.training.seed)
    if start_from is not None:
        start = Run.open(start_from)
        takeover = taken_over(start, condition)
        if takeover.rows is None:
            only = "baseline" if spec.model.baseline == "frozen" else None
            load_weights(model, start.stored_weights(), only)
        elif spec.model.baseline == "frozen":
            raise InputError(
                "a frozen baseline must come from a run with the data's condition",
                f"{start.path} with {start.record.condition}",
                "Train a baseline on these classes first.",
            )
        else:
            take_over(model, start.stored_weights(), takeover.rows)
    model.compile(optimizer=optimizer or build_optimizer(spec, steps))
    return model


def taken_over(start: Run, condition: Condition) -> Takeover:
    """The common part of a run's condition and another one.

    Raises:
        InputError: they have nothing in common.
    """
    takeover = condition.taken_over(start.record.condition)
    if takeover is None:
        raise InputError(
            f"`start_from` must be a run that shares classes or conditions with {condition}",
            f"{start.path} with {start.record.condition}",
            "Use a run on some of the same classes, or the same kind of images.",
        )
    return takeover


def condition_of(dataset: Dataset, spec: Spec) -> Condition:
    """The condition of the task: the data's own condition, or a part of the image."""
    if spec.data.masks_parts:
        if dataset.table is not None:
            raise InputError(
                "a task that gives parts of x requires images",
                f"{dataset.name or 'data'}, {dataset.assumption}",
                "Omit `task`.",
            )
        height, width, channels = dataset.image_shape
        return MaskedImage(image_shape=(height, width, channels), y_max=dataset.x_max)
    own = "image" if dataset.condition.is_image else "class"
    if spec.data.task != own:
        raise InputError(
            f"the task must fit the data, whose condition is {dataset.condition}",
            repr(spec.data.task),
            f"Use the task {own!r}, or one that gives parts of x.",
        )
    return dataset.condition


def new_record(
    dataset: Dataset,
    preset: str | None,
    spec: Spec,
    asked: Request = DEFAULT,
    model: CVAE | None = None,
) -> RunRecord:
    """The record of a run that starts now.

    Args:
        model: the model, if it has user-defined networks.
    """
    keras_config = None
    if asked.networks and model is not None:
        with suppress(InputError):  # then they must be passed again on resume
            keras_config = configuration_of(model)
    condition, taken = condition_of(dataset, spec), None
    if asked.start_from is not None:
        taken = taken_over(Run.open(asked.start_from), condition).as_words()
    return RunRecord(
        status="running",
        created=now(),
        preset=preset,
        start_from=None if asked.start_from is None else str(asked.start_from),
        spec=spec,
        condition=condition,
        taken_over=taken,
        preprocessing=Preprocessing.of(dataset, spec.model.likelihood),
        data=DataRecord.of(dataset),
        networks=tuple(asked.networks or ()),
        callbacks=asked.callbacks,
        optimizer=configuration(asked.optimizer),
        sample_weight=digest(asked.sample_weight),
        model_class=registered_name(asked.model_class),
        keras_config=keras_config,
        versions=installed_versions(),
        devices=num_devices(),
        processes=num_processes(),
    )
