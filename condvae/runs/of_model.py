"""A run from a CVAE that was trained by Keras's own `fit`."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from condvae.checks import InputError
from condvae.data import Dataset
from condvae.files.tensors import write_tensors
from condvae.inference.trained import TrainedModel
from condvae.models import CVAE, network_tensors
from condvae.models.configuration import configuration_of
from condvae.models.contract import NETWORKS
from condvae.runs.history import COLUMNS, Row, write_history
from condvae.runs.record import (
    DataRecord,
    Figures,
    Preprocessing,
    RunRecord,
    installed_versions,
    now,
)
from condvae.runs.run import Run
from condvae.spec import Spec


def run_of_model(model: CVAE, data: Dataset, path: Path | str) -> Run:
    """See `Run.from_model`."""
    _check_fits(model, data)
    configuration, spec = configuration_of(model), _described(model, data)
    history = _history(model)
    record = RunRecord(
        status="finished",
        created=now(),
        preset=None,
        spec=spec.override(epochs=max(1, len(history))),
        condition=data.condition,
        preprocessing=Preprocessing.of(data, spec.model.likelihood),
        data=DataRecord.of(data),
        networks=tuple(name for name in NETWORKS if getattr(model, name) is not None),
        keras_config=configuration,
        versions=installed_versions(),
    )
    run = Run(Path(path), record)
    figures = _figures(model, data, run, len(history))
    try:
        run.path.mkdir(parents=True)
    except FileExistsError:
        raise InputError(
            "the run must be written to a new folder",
            f"{path}, which exists",
            "Choose another name.",
        ) from None
    write_tensors(run.weights_path, network_tensors(model))
    write_history(run.history_path, history)
    run.write_graphs(model)
    run.update(figures=figures)  # last, since a folder without a record is not a run yet
    return run


def _check_fits(model: Any, data: Any) -> None:
    """Raise InputError unless both have the right types, and fit one another."""
    for value, kind, remedy in (
        (model, CVAE, "Build it by condvae.CVAE(encoder=..., decoder=...)."),
        (data, Dataset, "Make one by condvae.Dataset.from_arrays(x, y)."),
    ):
        if not isinstance(value, kind):
            raise InputError(
                f"a run requires a {CVAE.__name__} and a {Dataset.__name__}",
                f"{type(value).__name__} instead of the {kind.__name__}",
                remedy,
            )
    for what, expected, received in (
        ("x", data.image_shape, model.stored_shape),
        ("y", data.condition.shape, model.condition_shape),
        ("greatest x", data.x_max, model.x_max if data.x.dtype.kind == "u" else data.x_max),
    ):
        if expected != received:
            raise InputError(
                f"model and data must have the same {what}",
                f"{received} of the model, {expected} of the data",
                "Pass the data on which it was fitted.",
            )
    if model.masked:
        raise InputError(
            "y must not be a part of x", "a model that is given parts of x", "Use `train`."
        )


def _described(model: CVAE, data: Dataset) -> Spec:
    """The fields of a spec for a model that is built from its own configuration."""
    likelihood, network = model.likelihood, model.encoder is not None
    settings = {name: getattr(likelihood, name, None) for name in likelihood.settings}
    settings = {name: value for name, value in settings.items() if value is not None}
    return Spec(data=data.spec).override(
        source=data.name,
        likelihood=likelihood.name,
        pixels="dynamic" if model.binarise else "grey",
        network="cvae" if network else "deterministic",
        latent_dim=model.latent_dim or 1,
        prior="standard" if model.prior is None else "conditional",
        baseline="absent" if model.baseline is None else "joint",
        encoder_sees="x_and_y" if network and "y" in model.encoder.input else "x",
        decoder_sees="z_and_y" if network and "y" in model.decoder.input else "z",
        beta=float(model.objective.beta.value),
        **settings,
    )


def _history(model: CVAE) -> list[Row]:
    """The history of the last call of `fit`, a row for each epoch; NaN for missing values."""
    told = getattr(getattr(model, "history", None), "history", {})
    rows = zip(*told.values(), strict=True)
    optimizer = getattr(model, "optimizer", None)  # none before `compile`
    rate = math.nan if optimizer is None else float(np.asarray(optimizer.learning_rate))
    known = {"learning_rate": rate, "beta": float(np.asarray(model.beta)), "seconds": 0.0}
    return [
        {
            column: float(epoch)
            if column == "epoch"
            else float(dict(zip(told, row, strict=True)).get(column, known.get(column, math.nan)))
            for column in COLUMNS
        }
        for epoch, row in enumerate(rows, 1)
    ]


def _figures(model: CVAE, data: Dataset, run: Run, epochs: int) -> Figures:
    """The bound on the validation split, measured now."""
    validation = data.validation
    terms = TrainedModel(model, data.condition, data.table).elbo(
        validation.x, run.conditions(validation)
    )
    losses = (float(np.mean(terms.reconstruction_loss)), float(np.mean(terms.kl_loss)))
    return Figures(
        epochs=epochs,
        best_epoch=max(1, epochs),
        val_elbo=-sum(losses),
        val_reconstruction_loss=losses[0],
        val_kl_loss=losses[1],
        seconds=0.0,
        comparability=run.comparability("validation", "ELBO, one draw of z for each {unit}"),
    )
