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
from keras import layers, ops

import condvae
from condvae.runs import Run
from condvae.training.fit import make_feeds
from condvae.training.interrupt import Interrupt
from condvae.training.progress import ProgressBar
from condvae.training.recorder import Recorder
from condvae.training.train import new_record, prepare_model

EPOCHS = 100  # what the early stopping and the progress bar believe


class PlainVAE(keras.Model):
    """The notebook's model as a Keras user writes it today."""

    def __init__(self):
        super().__init__()
        x, y = keras.Input((784,)), keras.Input((10,))
        hidden = layers.Dense(512, activation="relu", activity_regularizer="l2")(
            layers.Concatenate()([x, y])
        )
        self.encoder = keras.Model([x, y], [layers.Dense(2)(hidden), layers.Dense(2)(hidden)])
        z, y = keras.Input((2,)), keras.Input((10,))
        hidden = layers.Dense(512, activation="relu")(layers.Concatenate()([z, y]))
        self.decoder = keras.Model([z, y], layers.Dense(784)(hidden))
        self.seeds = keras.random.SeedGenerator(0)
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_tracker = keras.metrics.Mean(name="kl_loss")

    def call(self, inputs):
        x, y = inputs["x"], inputs["y"]
        mean, logvar = self.encoder([x, y])
        z = mean + ops.exp(0.5 * logvar) * keras.random.normal(ops.shape(mean), seed=self.seeds)
        return {"x": x, "mean": mean, "logvar": logvar, "logits": self.decoder([z, y])}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        x, logits = y_pred["x"], y_pred["logits"]
        reconstruction = ops.sum(ops.softplus(logits) - x * logits, axis=-1)
        mean, logvar = y_pred["mean"], y_pred["logvar"]
        kl = 0.5 * ops.sum(ops.exp(logvar) + ops.square(mean) - 1 - logvar, axis=-1)
        self.reconstruction_tracker.update_state(reconstruction)
        self.kl_tracker.update_state(kl)
        return ops.mean(reconstruction + kl) + sum(self.losses)


def plain(data: condvae.Dataset) -> Callable[[int], object]:
    """An epoch of fit on float arrays."""

    def arrays(split):
        x = split.x.reshape(-1, 784).astype("float32") / 255
        return {"x": x, "y": np.eye(10, dtype="float32")[split.given]}

    model = PlainVAE()
    model.compile(optimizer=keras.optimizers.Adam(5e-4))
    train, validation = arrays(data.train), arrays(data.validation)
    stop = keras.callbacks.EarlyStopping(patience=EPOCHS, restore_best_weights=True)
    return lambda epoch: model.fit(
        train,
        validation_data=(validation, None),
        batch_size=250,
        validation_batch_size=1000,  # as condvae
        initial_epoch=epoch,
        epochs=epoch + 1,
        callbacks=[stop],
        verbose=0,
    )


def ours(data: condvae.Dataset, folder: Path) -> Callable[[int], object]:
    """An epoch as condvae.train runs it."""
    spec = condvae.preset("notebook")
    model = prepare_model(data, spec)
    feed, validation = make_feeds(data, spec)
    bar = ProgressBar(EPOCHS, len(feed))
    feed.on_batch = bar.on_batch
    run = Run(folder, new_record(data, "notebook", spec))
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: setattr(model, "stop_training", True)
    )
    callbacks = [Recorder(run, feed, Interrupt()), bar, stop]
    return lambda epoch: model.fit(
        feed,
        validation_data=validation,
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
