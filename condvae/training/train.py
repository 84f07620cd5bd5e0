"""Training, whole: from data and a spec to a run folder."""

from pathlib import Path
from typing import Any

import keras

from condvae.checkpoint import load_weights
from condvae.checks import InputError, check_choice, check_new_path, check_range
from condvae.data import Dataset, load_data
from condvae.models import CVAE, build_model, build_optimizer
from condvae.presets import PRESETS, default_preset
from condvae.runs import (
    DataRecord,
    Figures,
    Preprocessing,
    Run,
    RunRecord,
    installed_versions,
    new_run_path,
    now,
)
from condvae.spec import Spec
from condvae.training.callbacks import Recorder, interruptible
from condvae.training.feed import Feed
from condvae.training.progress import ProgressBar

# Validation has no step to take, so its batches are as large as is fast.
VALIDATION_BATCH = 1000


def train(
    data: Dataset | str | Path,
    *,
    preset: str | None = None,
    spec: Spec | None = None,
    run_dir: Path | str | None = None,
    start_from: Path | str | None = None,
    progress: bool = True,
    **settings: Any,
) -> Run:
    """Train a conditional VAE; the weights of the best epoch by validation are kept.

    Ctrl-C ends after the running step and keeps what was done.

    Args:
        data: a Dataset, or what `load_data` takes.
        preset: a name of `condvae.presets`; None chooses by the number of images.
        spec: the whole specification, in place of a preset.
        run_dir: where the run is written, a new folder; None: `runs/<data>-<preset>`.
        start_from: a run whose weights are the first ones.
        progress: show a progress bar.
        settings: single fields of the spec, such as `epochs=3, latent_dim=8`.

    Returns:
        The run; `run.record.status` is "interrupted" after Ctrl-C.

    Raises:
        InputError: what was passed does not fit; nothing is written.
    """
    dataset = data if isinstance(data, Dataset) else load_data(data)
    preset, spec = resolve_spec(dataset, preset, spec, settings)
    dataset = dataset.with_spec(spec.data)
    path = run_path(dataset, preset, run_dir)
    model = prepare_model(dataset, spec, start_from)
    run = Run.create(path, new_record(dataset, preset, spec))
    try:
        _fit(model, dataset, run, progress)
    except KeyboardInterrupt:
        run.update(status="interrupted")
        raise
    except BaseException:
        run.update(status="failed")
        raise
    return run


def resolve_spec(
    dataset: Dataset, preset: str | None, spec: Spec | None, settings: dict[str, Any]
) -> tuple[str | None, Spec]:
    """The preset's name, None where a spec is given, and the spec with the single settings.

    A preset leaves the data set's own split as it is, but for the fields that it names.
    """
    if spec is not None and preset is not None:
        raise InputError(
            "either a preset or a spec must be given", "both", "Leave one of them out."
        )
    if spec is None:
        preset = check_choice(preset or default_preset(len(dataset.x)), PRESETS, "preset")
        changes = PRESETS[preset][1]
        data = dataset.spec.model_copy(update=changes.get("data", {}))
        spec = Spec.parse({**changes, "data": data})
    return preset, spec.override(**{**settings, "source": dataset.name})


def run_path(dataset: Dataset, preset: str | None, run_dir: Path | str | None) -> Path:
    """A folder that does not exist yet and can be made."""
    if run_dir is None:
        name = f"{Path(dataset.name).stem or 'data'}-{preset or 'custom'}"
        return check_new_path(new_run_path(name))
    path = Path(run_dir)
    if path.exists():
        raise InputError(
            "the run must go into a new folder", f"{path}, which exists", "Choose another name."
        )
    return check_new_path(path)


def prepare_model(dataset: Dataset, spec: Spec, start_from: Path | str | None = None) -> CVAE:
    """The compiled model with its first weights.

    Raises:
        InputError: the data do not fit the likelihood, or other weights the networks.
    """
    train = dataset.train
    if dataset.x.dtype.kind == "f" and spec.model.likelihood == "bernoulli":
        check_range(dataset.x, 0, 1, "x, under the Bernoulli likelihood,")
    x_mean = train.x.mean(axis=0, dtype="float64")
    if dataset.x.dtype.kind != "f":
        x_mean = x_mean / dataset.x_max
    model = build_model(spec, dataset.image_shape, dataset.condition.dim, dataset.x_max, x_mean)
    if start_from is not None:
        start = Run.open(start_from)
        if start.record.condition != dataset.condition:
            raise InputError(
                f"--from must be a run with the data's condition, {dataset.condition}",
                f"{start.path} with {start.record.condition}",
                "Take a run on the same classes.",
            )
        load_weights(model, start.weights_path)
    steps = -(-len(train.x) // spec.training.batch_size) * spec.training.epochs
    model.compile(optimizer=build_optimizer(spec, steps))
    return model


def new_record(dataset: Dataset, preset: str | None, spec: Spec) -> RunRecord:
    """The record of a run that begins now."""
    return RunRecord(
        status="running",
        created=now(),
        preset=preset,
        spec=spec,
        condition=dataset.condition,
        preprocessing=Preprocessing(
            image_shape=dataset.image_shape,
            x_max=dataset.x_max,
            assumption=dataset.assumption,
            in_unit_interval=dataset.in_unit_interval,
        ),
        data=DataRecord(
            name=dataset.name, fingerprint=dataset.fingerprint, splits=dataset.split_record()
        ),
        versions=installed_versions(),
    )


def make_feeds(dataset: Dataset, spec: Spec) -> tuple[Feed, Feed]:
    """The shuffled training batches and the validation batches."""
    train, validation = dataset.train, dataset.validation
    return (
        Feed(train.x, train.codes, spec.training.batch_size, spec.training.seed),
        Feed(validation.x, validation.codes, VALIDATION_BATCH),
    )


def _fit(model: CVAE, dataset: Dataset, run: Run, progress: bool) -> None:
    """Run the epochs and close the record."""
    training = run.spec.training
    feed, validation = make_feeds(dataset, run.spec)
    bar = ProgressBar(training.epochs, len(feed))
    with interruptible(model) as interrupt:
        recorder = Recorder(run.path, feed, interrupt)
        callbacks: list[keras.callbacks.Callback] = [recorder]
        if training.patience is not None:
            callbacks.append(
                keras.callbacks.EarlyStopping("val_loss", patience=training.patience, mode="min")
            )
        if progress:
            feed.on_batch = bar.on_batch
            callbacks.append(bar)
        try:
            model.fit(
                feed,
                validation_data=validation,
                epochs=training.epochs,
                shuffle=False,
                verbose=0,
                callbacks=callbacks,
            )
        finally:
            bar.close()
            run.update(figures=_figures(run, recorder))
    run.update(status="interrupted" if interrupt.requested else "finished")


def _figures(run: Run, recorder: Recorder) -> Figures | None:
    """The best epoch's validation figures; None where no epoch is complete."""
    best = recorder.best
    if best is None:
        return None
    return Figures(
        epochs=len(recorder.rows),
        best_epoch=int(best["epoch"]),
        val_elbo=-(best["val_reconstruction_loss"] + best["val_kl_loss"]),
        val_reconstruction_loss=best["val_reconstruction_loss"],
        val_kl_loss=best["val_kl_loss"],
        seconds=sum(row["seconds"] for row in recorder.rows),
        comparability=run.comparability("validation", "ELBO, one draw of z for each image"),
    )
