"""What an epoch costs: `condvae.train` against plain `keras.Model.fit` of the same networks.

MNIST, preset `notebook` (784+10-512-2, 2+10-512-784, batch 250, 60,000 training and 10,000
validation images). Both in one process, an epoch of the one and an epoch of the other in turn,
each with its validation and its callbacks: Keras's early stopping with the best weights kept in
memory there; the order of the images, history.csv, weights.safetensors, checkpoints and the
progress bar here. The first pair compiles and is left out.

    CONDVAE_DATA=DIR python benchmarks/epoch.py [--pairs 12]
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
from notebook_recipe import BATCH_SIZE, LEARNING_RATE, VALIDATION_BATCH, PlainVAE

import condvae
from condvae.runs import Run
from condvae.training.fit import make_feeds
from condvae.training.interrupt import Interrupt
from condvae.training.journal import Journal
from condvae.training.progress import ProgressBar
from condvae.training.recorder import Recorder
from condvae.training.train import new_record, prepare_model

EPOCHS = 100  # what the early stopping and the progress bar believe


def plain(data: condvae.Dataset) -> Callable[[int], object]:
    """An epoch of fit on float arrays."""

    def arrays(split):
        x = split.x.reshape(-1, 784).astype("float32") / 255
        return {"x": x, "y": np.eye(10, dtype="float32")[split.given]}

    model = PlainVAE()
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE))
    train, validation = arrays(data.train), arrays(data.validation)
    stop = keras.callbacks.EarlyStopping(patience=EPOCHS, restore_best_weights=True)
    return lambda epoch: model.fit(
        train,
        validation_data=(validation, None),
        batch_size=BATCH_SIZE,
        validation_batch_size=VALIDATION_BATCH,  # as condvae
        initial_epoch=epoch,
        epochs=epoch + 1,
        callbacks=[stop],
        verbose=0,
    )


def ours(data: condvae.Dataset, folder: Path, validated: bool = True) -> Callable[[int], object]:
    """An epoch as condvae.train runs it; or without its validation, and so without the recorder."""
    spec = condvae.preset("notebook")
    model = prepare_model(data, spec)
    feed, validation = make_feeds(data, spec)
    bar = ProgressBar(EPOCHS, len(feed))
    feed.on_batch = bar.on_batch
    run = Run(folder, new_record(data, "notebook", spec))
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: setattr(model, "stop_training", True)
    )
    recorder = [Recorder(Journal(run), feed, Interrupt())] if validated else []
    callbacks = [*recorder, bar, stop]
    return lambda epoch: model.fit(
        feed,
        validation_data=validation if validated else None,
        initial_epoch=epoch,
        epochs=EPOCHS,
        shuffle=False,
        callbacks=callbacks,
        verbose=0,
    )


def main() -> None:
    """Print each contender's median and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=12)
    pairs = parser.parse_args().pairs
    data = condvae.load_data("mnist", validation="test")
    seconds: dict[str, list[float]] = {"plain keras fit": [], "condvae.train": []}
    with tempfile.TemporaryDirectory() as folder:
        contenders = [plain(data), ours(data, Path(folder))]
        for epoch in range(pairs + 1):
            for name, run_epoch in zip(seconds, contenders, strict=True):
                started = time.perf_counter()
                run_epoch(epoch)
                seconds[name].append(time.perf_counter() - started)
    for name, values in seconds.items():
        rest = sorted(values[1:])
        print(f"{name:<16} {statistics.median(rest):.3f} s (from {rest[0]:.3f} to {rest[-1]:.3f})")
    ratios = [b / a for a, b in zip(*(v[1:] for v in seconds.values()), strict=True)]
    print(f"condvae / plain  {statistics.median(ratios):.3f} (median of {pairs}; asked: <= 1.15)")


if __name__ == "__main__":
    main()
