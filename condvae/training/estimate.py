"""What a training would do, and an estimate of its time and memory; nothing is written."""

import sys
import time
from typing import Any

import keras
import numpy as np

from condvae.checks import memory_bound
from condvae.data import Dataset
from condvae.training.beginning import prepare_model
from condvae.training.fit import make_feeds
from condvae.training.folder import run_path
from condvae.training.settings import explain_likelihood, resolve_spec

# Number of timed steps, after the same number of steps for compilation and warm-up.
_STEPS = 20
LONG = 2 * 3600  # seconds, above which the user is warned


def estimate(
    dataset: Dataset,
    *,
    preset: str | None = None,
    spec: Any = None,
    run: Any = None,
    start_from: Any = None,
    **settings: Any,
) -> str:
    """The schema, the model, the device, and time and memory measured on a few steps.

    Args and errors as in `train`.
    """
    preset, spec = resolve_spec(dataset, preset, spec, settings)
    dataset = dataset.with_spec(spec.data)
    path = run_path(dataset, preset or "custom", run)
    model = prepare_model(dataset, spec, start_from)
    feed, validation = make_feeds(dataset, spec)
    rows = min(len(feed.x), _STEPS * spec.training.batch_size)
    few, few_validation = feed.head(rows), validation.head(1000)
    model.fit(few, validation_data=few_validation, shuffle=False, verbose=0)
    # Keras has replaced the weights by their average, if there is one: the same buffers, which the
    # next step donates
    for variable in model.trainable_variables:
        variable.assign(np.array(variable))
    # the first call has compiled the step
    started = time.perf_counter()
    model.fit(few, shuffle=False, verbose=0)
    trained = time.perf_counter()
    model.evaluate(few_validation, verbose=0)
    validated = time.perf_counter()
    seconds = (trained - started) * len(feed) / len(few)
    seconds += (validated - trained) * len(validation) / len(few_validation)
    epochs = spec.training.epochs
    facts = {
        "data": f"{dataset.name or 'arrays'}: {len(dataset.x):,} {dataset.unit}, "
        f"{dataset.assumption}",
        "splits": f"{len(feed.x):,} training, {len(validation.x):,} validation, "
        f"{len(dataset.test.x):,} test",
        "condition": str(dataset.condition),
        "preset": preset or "none (a custom spec)",
        "model": f"{model.count_params():,} parameters, {spec.model.latent_dim} latents, "
        f"hidden {spec.model.hidden_dims}",
        "likelihood": explain_likelihood(dataset, spec.model.likelihood),
        "device": f"{_devices()} by Keras on {keras.backend.backend()}",
        "time": f"about {seconds:.1f} s an epoch, {seconds * epochs:.0f} s for {epochs} "
        f"({len(few)} steps timed)",
        "memory": f"about {_peak_memory() / 1e9:.1f} GB (the peak of this trial)",
        "run": f"{path} (not created: this was a dry run)",
    }
    lines = [f"{fact:<10} {value}" for fact, value in facts.items()]
    return "\n".join([*lines, *_warnings(seconds * epochs, _peak_memory())])


def _warnings(seconds: float, memory: int) -> list[str]:
    """Warnings about long times or high memory use, one line each, with advice."""
    found, bound = [], memory_bound()
    if seconds > LONG:
        found.append(
            f"warning    about {seconds / 3600:.1f} hours: fewer --epochs, smaller --hidden-dims, "
            "or for images a smaller --resize are faster; interrupted runs continue with --resume"
        )
    if bound is not None and memory > bound:
        found.append(
            f"warning    {memory / 1e9:.1f} GB are more than half of this machine's memory: a "
            "smaller --batch-size, smaller --hidden-dims or --resize need less"
        )
    return found


def _devices() -> str:
    """The devices that Keras's backend lists; some backends list none."""
    try:
        return ", ".join(keras.distribution.list_devices())
    except AttributeError:
        return "one device"


def _peak_memory() -> int:
    """Peak memory of this process, in bytes."""
    import resource  # not available on every system

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # bytes on macOS, kilobytes elsewhere
    return peak if sys.platform == "darwin" else peak * 1024
