"""An epoch of the notebook's model by several programs; each a process that runs one when told to.

60,000 MNIST images in batches of 250, in a new order each time, then the bound of the 10,000 others
in batches of 1,000: Keras's `fit` of `notebook_recipe.PlainVAE` on the backend of KERAS_BACKEND,
PyTorch's modules step by step (eager, or with step and validation compiled), a hand-written JAX
program of a whole epoch (uint8 images on the device, `lax.scan`), `condvae.train`'s own fit with
its recorder, and the matrix products of it all alone. All but the last compute the same.

    CONDVAE_DATA=DIR python benchmarks/contenders.py keras|torch|compiled|scan|condvae|products

Prints "ready" after an epoch that compiles; then a line of input asks for an epoch, and a line of
output gives its seconds.
"""

import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np

sys.path.append(str(Path(__file__).parent))  # run with -P: PyTorch imports another profile.py

from notebook_recipe import BATCH_SIZE, LEARNING_RATE, VALIDATION_BATCH, PlainVAE, read

Epoch = Callable[[], object]
EPOCHS = 1000  # what early stopping and progress bar believe
REGULARIZATION = 0.01  # Keras's "l2" of the encoder's hidden layer
LAYERS = {"hidden": (794, 512), "z": (512, 4), "decoder": (12, 512), "logits": (512, 784)}


def images() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Training and test images and one-hot labels, float32."""
    folder = Path(os.environ["CONDVAE_DATA"]) / "mnist"
    return read(folder, "train"), read(folder, "t10k")


def keras_fit() -> Epoch:
    """An epoch of Keras's fit, with early stopping that keeps the best weights in memory."""
    import keras

    train, test = images()
    model = PlainVAE()
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE))
    stop = keras.callbacks.EarlyStopping(patience=EPOCHS, restore_best_weights=True)
    epochs = itertools.count()

    def epoch() -> None:
        index = next(epochs)
        model.fit(
            train,
            validation_data=(test, None),
            batch_size=BATCH_SIZE,
            validation_batch_size=VALIDATION_BATCH,
            initial_epoch=index,
            epochs=index + 1,
            callbacks=[stop],
            verbose=0,
        )

    return epoch


def torch_steps(compiled: bool) -> Epoch:
    """An epoch in PyTorch, Adam in its fused form."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

    layers = torch.nn.ModuleDict({name: torch.nn.Linear(*size) for name, size in LAYERS.items()})
    optimizer = torch.optim.Adam(layers.parameters(), LEARNING_RATE, fused=True)

    def bound(x, y):
        hidden = layers["hidden"](torch.cat([x, y], 1)).relu()
        mean, logvar = layers["z"](hidden).chunk(2, 1)
        z = mean + (0.5 * logvar).exp() * torch.randn_like(mean)
        logits = layers["logits"](layers["decoder"](torch.cat([z, y], 1)).relu())
        reconstruction = cross_entropy(logits, x, reduction="none").sum(1)
        kl = 0.5 * (logvar.exp() + mean.square() - 1 - logvar).sum(1)
        return (reconstruction + kl).mean(), REGULARIZATION * hidden.square().sum() / len(x)

    def loss(x, y):
        return sum(bound(x, y))

    if compiled:
        bound, loss = torch.compile(bound), torch.compile(loss)
    (x, y), (x_test, y_test) = (map(torch.from_numpy, part.values()) for part in images())

    def epoch() -> None:
        for rows in torch.randperm(len(x)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss(x[rows], y[rows]).backward()  # pyright: ignore[reportAttributeAccessIssue]
            optimizer.step()
        with torch.no_grad():
            batches = zip(
                x_test.split(VALIDATION_BATCH), y_test.split(VALIDATION_BATCH), strict=True
            )
            sum(bound(x, y)[0] for x, y in batches).item()  # pyright: ignore[reportAttributeAccessIssue]

    return epoch


def jax_scan() -> Epoch:
    """An epoch as one compiled JAX program, its images and labels uint8 on the device."""
    import jax
    import jax.numpy as jnp

    def bound(weights, x, y, key):
        def dense(name, values):
            return values @ weights[name][0] + weights[name][1]

        x, y = x / jnp.float32(255), jax.nn.one_hot(y, 10)
        hidden = jax.nn.relu(dense("hidden", jnp.concatenate([x, y], 1)))
        mean, logvar = jnp.split(dense("z", hidden), 2, axis=1)
        z = mean + jnp.exp(0.5 * logvar) * jax.random.normal(key, mean.shape)
        logits = dense("logits", jax.nn.relu(dense("decoder", jnp.concatenate([z, y], 1))))
        reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits, 1)
        kl = 0.5 * jnp.sum(jnp.exp(logvar) + mean**2 - 1 - logvar, 1)
        return jnp.mean(reconstruction + kl), REGULARIZATION * jnp.sum(hidden**2) / len(x)

    def step(state, batch):
        count, weights, first, second = state
        gradient = jax.grad(lambda weights: sum(bound(weights, *batch)))(weights)
        count, tree_map = count + 1, jax.tree.map
        first = tree_map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = tree_map(lambda v, g: 0.999 * v + 0.001 * g**2, second, gradient)
        rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        weights = tree_map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, first, second
        )
        return (count, weights, first, second), None

    def run(state, train, test, key):
        (x, y), (x_test, y_test) = train, test
        order, noise = jax.random.split(key)
        rows = jax.random.permutation(order, len(x)).reshape(-1, BATCH_SIZE)
        keys = jax.random.split(noise, len(rows))
        state, _ = jax.lax.scan(
            lambda s, at: step(s, (x[at[0]], y[at[0]], at[1])), state, (rows, keys)
        )
        batches = (x_test.reshape(-1, VALIDATION_BATCH, 784), y_test.reshape(-1, VALIDATION_BATCH))
        values = jax.lax.map(lambda batch: bound(state[1], *batch, key)[0], batches)
        return state, values.mean()

    def on_device(part):
        x, y = part.values()
        return jax.device_put(((x * 255).round().astype("uint8"), y.argmax(1).astype("uint8")))

    (train, test), rng = map(on_device, images()), np.random.default_rng(0)
    weights = {
        name: (
            jnp.asarray(rng.normal(0, (sum(size) / 2) ** -0.5, size), "float32"),
            jnp.zeros(size[1]),
        )
        for name, size in LAYERS.items()
    }
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state, compiled = [(jnp.float32(0), weights, zeros, zeros)], jax.jit(run)
    keys = itertools.count()

    def epoch() -> None:
        state[0], value = compiled(state[0], train, test, jax.random.key(next(keys)))
        float(value)

    return epoch


def condvae_fit(data=None, folder: Path | None = None, validated: bool = True) -> Epoch:
    """An epoch as condvae.train runs it; or without its validation and what records it.

    Args:
        data: images in place of MNIST's.
        folder: the run's; None: a temporary one, of this process.
    """
    import keras

    import condvae
    from condvae.runs import Run
    from condvae.training.beginning import new_record, prepare_model
    from condvae.training.fit import make_feeds
    from condvae.training.interrupt import Interrupt
    from condvae.training.journal import Journal
    from condvae.training.pace import Pace
    from condvae.training.progress import ProgressBar
    from condvae.training.recorder import Recorder

    data = data or condvae.load_data("mnist", validation="test")
    spec = condvae.preset("notebook")
    model = prepare_model(data, spec)
    feed, validation = make_feeds(data, spec)
    bar = ProgressBar(EPOCHS, len(feed))
    feed.on_batch = bar.on_batch
    run = Run(folder or Path(tempfile.mkdtemp()), new_record(data, "notebook", spec))
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: setattr(model, "stop_training", True)
    )
    recording = [Recorder(Journal(run), feed, Pace(Interrupt())), bar] if validated else []
    epochs = itertools.count()
    return lambda: model.fit(
        feed,
        validation_data=validation if validated else None,
        initial_epoch=next(epochs),
        epochs=EPOCHS,
        shuffle=False,
        callbacks=[*recording, stop],
        verbose=0,
    )


def products_alone() -> Epoch:
    """The matrix products of an epoch, float32, compiled by JAX."""
    from floor import dense_products, products

    layers = list(LAYERS.values())
    train = products(dense_products(layers, BATCH_SIZE, training=True))
    validate = products(dense_products(layers, VALIDATION_BATCH, training=False))

    def epoch() -> None:
        for _ in range(60_000 // BATCH_SIZE):
            train()
        for _ in range(10_000 // VALIDATION_BATCH):
            validate()

    return epoch


CONTENDERS: dict[str, Callable[[], Epoch]] = {
    "keras": keras_fit,
    "torch": lambda: torch_steps(compiled=False),
    "compiled": lambda: torch_steps(compiled=True),
    "scan": jax_scan,
    "condvae": condvae_fit,
    "products": products_alone,
}


def main() -> None:
    """Run an epoch for each line of input."""
    epoch = CONTENDERS[sys.argv[1]]()
    epoch()
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        epoch()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
