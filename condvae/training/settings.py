"""From a preset or a spec, and single settings, to the complete spec of a training."""

import logging
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from condvae.checks import InputError, check_choice
from condvae.data import Dataset, load_data
from condvae.data.in_memory import is_read_once
from condvae.data.mapped import is_mapped
from condvae.likelihoods import AUTO, LIKELIHOODS, likelihood_named
from condvae.runs.record import RunRecord
from condvae.spec import Spec
from condvae.spec.presets import PRESETS, READING, batch_for, default_preset, epochs_for
from condvae.spec.presets import preset as named_preset

log = logging.getLogger(__name__)

# for photographs: the side in pixels of grey ones, and their levels in the first images
LARGE_SIDE, MANY_LEVELS, FEW_IMAGES = 32, 32, 100
WORDS = {"new": "new, from the mean of these", "dropped": "dropped"}


def open_data(data: Any, settings: Mapping[str, Any], resume: bool = False) -> Dataset:
    """The data set, read according to the settings; if it is already read, it must match them.

    Raises:
        InputError: data that can be read only once, for a run to be resumed, or settings that
            differ.
    """
    if is_read_once(data):
        if resume:
            raise InputError(
                "`resume` requires data that can be read again",
                "a generator, which yields its batches once",
                "Pass its source, or train and resume with a Dataset from load_data(generator).",
            )
        log.warning("a run on a generator, which is read once, cannot be resumed; use a Dataset")
    reading = {name: value for name, value in settings.items() if name in READING}
    dataset = data if isinstance(data, Dataset) else load_data(data, **reading)
    asked = Spec(data=dataset.spec).override(**reading).data
    for name, value in reading.items():
        if getattr(dataset.spec, name) != getattr(asked, name):
            raise InputError(
                f"{name} must be given where the data are read",
                f"{value!r} for a data set read with {getattr(dataset.spec, name)!r}",
                f"Call load_data(..., {name}={value!r}).",
            )
    return dataset


def resolve_spec(
    dataset: Dataset, preset: str | None, spec: Spec | None, settings: Mapping[str, Any]
) -> tuple[str | None, Spec]:
    """The preset's name, None if a spec is given, and the spec with the single settings applied.

    A preset keeps the data set's own split, except for the fields that it names.
    """
    if spec is not None and preset is not None:
        raise InputError("either a preset or a spec must be given", "both", "Omit one of them.")
    labelled = spec.data.labelled if spec else _labelled(dataset, settings)
    if labelled is not None and dataset.condition.classes is None:
        raise InputError(
            "labelled requires data with one class label per row",
            f"{dataset.name or 'data'} with {dataset.condition}",
            "Omit it, or add labels.",
        )
    if spec is None:
        preset = check_choice(preset or _default_preset(dataset, settings), PRESETS, "preset")
        changes = PRESETS[preset][1]
        data = dataset.spec.model_copy(update=changes.get("data", {}))
        spec = Spec.parse({**changes, "data": data})
        batch_size = batch_for(preset, math.prod(dataset.x.shape[1:]))
        spec = spec.override(epochs=epochs_for(preset, len(dataset.x)), batch_size=batch_size)
    spec = spec.override(**{**settings, "source": dataset.name})
    if spec.training.order == "auto":  # decided once: a resumed run may find its data elsewhere
        spec = spec.override(order="windows" if is_mapped(dataset.x) else "rows")
    return preset, settled(dataset, spec)


def settled(dataset: Dataset, spec: Spec) -> Spec:
    """The spec with facts about the data: how they were read, and the likelihood for "auto"."""
    spec = spec.override(**{name: getattr(dataset.spec, name) for name in READING})
    if spec.model.likelihood == AUTO:
        fitting = (name for name, kind in LIKELIHOODS.items() if kind.reason(dataset))
        spec = spec.override(likelihood=next(fitting))
    return spec


def explain_likelihood(dataset: Dataset, likelihood: str) -> str:
    """Why these data get this likelihood, in one sentence."""
    reason = likelihood_named(likelihood).reason(dataset)
    return f"{likelihood}: {reason or 'as named by the preset or the settings'}"


def explain_takeover(record: RunRecord) -> str | None:
    """What was loaded from the run of `start_from`; None if everything was."""
    taken = record.taken_over or {}
    if not (taken.get("new") or taken.get("dropped")):
        return None
    told = [
        f"{len(taken['kept'])} kept",
        *(f"{word}: {', '.join(taken[key])}" for key, word in WORDS.items() if taken[key]),
    ]
    return f"from {record.start_from}: {'; '.join(told)}"


def explain_epochs(spec: Spec, preset: str | None, num_rows: int) -> str | None:
    """Why a training has fewer epochs than its preset, in one sentence; None if it has not."""
    epochs = spec.training.epochs
    if preset is None:
        return None
    usual = named_preset(preset).training.epochs
    if epochs >= usual or epochs != epochs_for(preset, num_rows):
        return None
    return f"epochs {epochs}, not {usual}: the rows are many; --epochs overrides this"


def kind_of(
    dataset: Dataset, preset: str | None, spec: Spec | None, settings: Mapping[str, Any]
) -> str:
    """The second part of a run's name, after its data: the preset, or "custom"."""
    return "custom" if spec is not None else preset or _default_preset(dataset, settings)


def _default_preset(dataset: Dataset, settings: Mapping[str, Any]) -> str:
    """The default preset for these data."""
    return default_preset(
        len(dataset.x),
        dataset.pixel_classes is not None,
        dataset.table is not None,
        dataset.condition.by_name is not None,
        _labelled(dataset, settings) is not None,
        are_photographs(dataset),
    )


def are_photographs(dataset: Dataset) -> bool:
    """Whether x are 8-bit colour images, or large images with many levels."""
    x = dataset.x
    if dataset.table is not None or x.dtype != np.uint8 or dataset.x_max != 255:
        return False
    *size, channels = dataset.image_shape
    return channels >= 3 or (
        min(size) >= LARGE_SIDE and len(np.unique(x[:FEW_IMAGES])) >= MANY_LEVELS
    )


def _labelled(dataset: Dataset, settings: Mapping[str, Any]) -> int | None:
    """Number of labels to be used."""
    return settings.get("labelled", dataset.spec.labelled)
