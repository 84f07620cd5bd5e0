"""MLP-Mixer and convolutions on a processor: what each reaches in the same time.

Trains a convolutional model and a mixer of about as many parameters, in turns of a few seconds, so
that both have the machine's same hours, until each has had its time; compiling is not counted.
A set that is done is a row in benchmarks/results/mixer.json, so that an interrupted benchmark
continues where it stopped. Writes docs/mixer.md.

    python benchmarks/mixer.py [--cifar FOLDER] [--seconds 120]

FOLDER: photographs of a part of CIFAR-10, CLASS/*.jpg, whose test images are held out of them;
without it, MNIST alone.
"""

import argparse
import math
import os
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from cells import Cells

import condvae
from condvae.models import build_model
from condvae.spec import Signature, Spec

TURN = 10.0  # seconds
BATCH, RATE, LAST_RATE = 128, 1e-3, 1e-4
LAST_SHARE = 0.2  # of the time is at the lower rate
SETS = {
    "mnist": {
        "likelihood": "bernoulli",
        "latent_dim": 32,
        "convolutional": (16, 32, 64),
        "mixer": (64, 64, 64),
    },
    "cifar10": {
        "likelihood": "logistic_mixture",
        "latent_dim": 64,
        "convolutional": (24, 64),
        "mixer": (64, 64),
    },
}


class Stop(keras.callbacks.Callback):
    """Ends `fit` after so many seconds, and counts the images."""

    def __init__(self, seconds: float):
        super().__init__()
        self.seconds, self.images = seconds, 0

    def on_train_begin(self, logs: dict | None = None) -> None:
        """The time begins."""
        self.begin = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Enough?"""
        self.images += BATCH
        if time.perf_counter() - self.begin > self.seconds:
            self.model.stop_training = True


def main() -> None:
    """Train what is missing, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar", type=Path)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    settings = {
        f"{name}, seed {seed}": {"set": name, "seed": seed, "seconds": given.seconds, **SETS[name]}
        for seed in range(given.seeds)
        for name in SETS
    }
    cells = Cells("mixer", settings)
    for name, cell in settings.items():
        source = given.cifar if cell["set"] == "cifar10" else cell["set"]
        if source and name not in cells.rows():
            cells.keep(name, compared(condvae.load_data(str(source)), cell))
    cells.write_page(page(cells.rows(), settings))


def compared(data: condvae.Dataset, cell: dict) -> dict:
    """Figures of both models, trained in turns."""
    models = {name: prepared(data, cell, name) for name in ("convolutional", "mixer")}
    spent, images = dict.fromkeys(models, 0.0), dict.fromkeys(models, 0)
    train = {"x": data.train.x, "y": data.train.given}
    keras.utils.set_random_seed(cell["seed"])  # of the order within a turn
    order = np.random.default_rng(cell["seed"])
    while min(spent.values()) < cell["seconds"]:
        for name, model in models.items():
            is_late = spent[name] > (1 - LAST_SHARE) * cell["seconds"]
            model.optimizer.learning_rate = LAST_RATE if is_late else RATE
            left = cell["seconds"] - spent[name]
            if left <= 0:
                continue
            stop, begin = Stop(min(TURN, left)), time.perf_counter()
            whole = len(data.train.x) // BATCH * BATCH  # one shape of a batch, compiled once
            rows = order.permutation(len(data.train.x))[:whole]
            batch = {key: array[rows] for key, array in train.items()}
            model.fit(batch, batch_size=BATCH, verbose=0, callbacks=[stop])
            spent[name] += time.perf_counter() - begin
            images[name] += stop.images
    test = {"x": data.test.x, "y": data.test.given}
    figures = {}
    for name, model in models.items():
        loss = model.evaluate(test, batch_size=500, verbose=0, return_dict=True)["loss"]
        figures[name] = {
            "parameters": model.count_params(),
            "images_per_second": round(images[name] / spent[name]),
            "epochs": round(images[name] / len(data.train.x), 1),
            "negative_elbo": round(loss, 2),
        }
    size = math.prod(data.image_shape)
    sizes = {"train": len(data.train.x), "test": len(data.test.x), "numbers": size}
    return {**sizes, "classes": data.condition.shape[0], **figures}


def prepared(data: condvae.Dataset, cell: dict, architecture: str) -> keras.Model:
    """A compiled model whose step is compiled too."""
    spec = Spec().override(
        architecture=architecture,
        hidden_dims=cell[architecture],
        activation="silu" if architecture == "convolutional" else "gelu",
        output_bias="data",
        latent_dim=cell["latent_dim"],
        likelihood=cell["likelihood"],
        seed=cell["seed"],
    )
    signature = Signature(data.image_shape, data.condition.shape, data.x_max)
    model = build_model(spec, signature, data.mean_of(data.train.x))
    model.compile(optimizer=keras.optimizers.Adam(RATE, global_clipnorm=100.0))
    before = model.get_weights()
    first = {"x": data.train.x[:BATCH], "y": data.train.given[:BATCH]}
    model.fit(first, verbose=0, batch_size=BATCH)
    model.set_weights(before)
    return model


def page(rows: dict, settings: dict) -> str:
    """docs/mixer.md."""
    lines = [
        "# MLP-Mixer and convolutions",
        "",
        "Written by `benchmarks/mixer.py`: a convolutional model and a mixer, each trained for "
        "the same time on two cores, in turns of ten seconds. The cores were shared "
        "with several other processes: the rates are lower than those of the machine alone, "
        "equally for both models.",
        "",
        "| set, seed | networks | parameters | images per second | epochs | test −ELBO, nats |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        for kind in ("convolutional", "mixer"):
            found = row[kind]
            dims = ", ".join(map(str, settings[name][kind]))
            lines.append(
                f"| {name} | {kind} ({dims}) | {found['parameters']:,} | "
                f"{found['images_per_second']:,} | {found['epochs']} | "
                f"{found['negative_elbo']:,.2f} |"
            )
    lines.append("")
    for name, row in rows.items():
        cell = settings[name]
        lines.append(
            f"- {name}: {row['train']:,} training images, {row['test']:,} test images of "
            f"{row['numbers']:,} numbers, given one of {row['classes']}, "
            f"likelihood {cell['likelihood']}, {cell['latent_dim']} "
            f"latents, {cell['seconds']:g} s of training each without compiling, Adam. Test −ELBO "
            "by one draw of z for each image; it compares with figures of the same likelihood on "
            "the same files only."
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
