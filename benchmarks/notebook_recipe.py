"""The notebook's model and recipe as plain Keras, on any backend; condvae is not imported.

Two latents, 784+10-512-2 and 2+10-512-784, Adam at 5e-4, batches of 250, early stopping on the test
images with a patience of five epochs. As a program it trains, and prints for each epoch the
seconds since the process began, its processor time and the loss of the test images:

    KERAS_BACKEND=jax python benchmarks/notebook_recipe.py MNIST_FOLDER STARTED SEED

STARTED is time.time() of the moment in which the process was asked for.
"""

import gzip
import json
import sys
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

LEARNING_RATE, BATCH_SIZE, VALIDATION_BATCH, PATIENCE, EPOCHS = 5e-4, 250, 1000, 5, 100


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


def read(folder: Path, part: str) -> dict[str, np.ndarray]:
    """The images of a part as floats, the labels one-hot."""
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(), "uint8", offset=16).reshape(-1, 784)
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as file:
        y = np.frombuffer(file.read(), "uint8", offset=8)
    return {"x": x.astype("float32") / 255, "y": np.eye(10, dtype="float32")[y]}


def main() -> None:
    """Train; a JSON line an epoch."""
    folder, started, seed = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    keras.utils.set_random_seed(seed)
    model = PlainVAE()
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE))

    def tell(epoch, logs):
        test = logs["val_reconstruction_loss"] + logs["val_kl_loss"]
        clocks = {"seconds": time.time() - started, "processor": time.process_time()}
        print(json.dumps({"epoch": epoch + 1, **clocks, "test": float(test)}), flush=True)

    model.fit(
        read(folder, "train"),
        validation_data=(read(folder, "t10k"), None),
        batch_size=BATCH_SIZE,
        validation_batch_size=VALIDATION_BATCH,
        epochs=EPOCHS,
        callbacks=[
            keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True),
            keras.callbacks.LambdaCallback(on_epoch_end=tell),
        ],
        verbose=0,
    )


if __name__ == "__main__":
    main()
