"""What an epoch costs: `condvae.train` against plain `keras.Model.fit` of the same networks.

MNIST, preset `notebook` (784+10-512-2, 2+10-512-784, batch 250, 60,000 training and 10,000
validation images). Both in one process, in turn; a contender's epoch is
(time of a long training - time of a short one) / (epochs between them), so that building and
compiling drop out and every callback, file and validation is in.

    CONDVAE_DATA=DIR python benchmarks/epoch.py [--rounds 3]
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
from keras import layers, ops

import condvae

SHORT, LONG = 1, 7


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


def plain(data: condvae.Dataset, epochs: int) -> float:
    """Seconds of fit on float arrays, early stopping with the best weights kept in memory."""

    def arrays(split):
        x = split.x.reshape(-1, 784).astype("float32") / 255
        return {"x": x, "y": np.eye(10, dtype="float32")[split.codes]}

    model = PlainVAE()
    model.compile(optimizer=keras.optimizers.Adam(5e-4))
    train, validation = arrays(data.train), arrays(data.validation)
    stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    started = time.perf_counter()
    model.fit(
        train,
        validation_data=(validation, None),
        batch_size=250,
        validation_batch_size=1000,  # as condvae
        epochs=epochs,
        callbacks=[stop],
        verbose=0,
    )
    return time.perf_counter() - started


def ours(data: condvae.Dataset, epochs: int) -> float:
    """Seconds of condvae.train, run folder and all."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        condvae.train(
            data, preset="notebook", run_dir=Path(folder) / "run", epochs=epochs, progress=False
        )
        return time.perf_counter() - started


def main() -> None:
    """Print each contender's median and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    data = condvae.load_data("mnist", validation="test")
    seconds = {"plain keras fit": [], "condvae.train": []}
    for _ in range(rounds):
        for name, train in (("plain keras fit", plain), ("condvae.train", ours)):
            short, long = (train(data, epochs) for epochs in (SHORT, LONG))
            seconds[name].append((long - short) / (LONG - SHORT))
    for name, values in seconds.items():
        print(f"{name:<16} {statistics.median(values):.3f} s an epoch (of {rounds}: {values})")
    ratios = [b / a for a, b in zip(*seconds.values(), strict=True)]
    print(f"condvae / plain  {statistics.median(ratios):.3f} (median of pairs; asked: <= 1.15)")


if __name__ == "__main__":
    main()
