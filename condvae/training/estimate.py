"""What a training would do, and an estimate of its time and memory; nothing is written."""

import math
import sys
import time
from typing import Any

import keras
import numpy as np

from condvae.checks import memory_bound
from condvae.data import Dataset
from condvae.models import CVAE, network_tensors
from condvae.training.averaging import AveragedWeights
from condvae.training.beginning import prepare_model
from condvae.training.feed import Feed
from condvae.training.fit import make_feeds
from condvae.training.folder import run_path
from condvae.training.heap import keep_freed_memory, keep_no_more, return_freed_memory
from condvae.training.settings import explain_likelihood, resolve_spec

# Number of steps, beside a shorter last one, for compilation; they are timed as often as fits into
# so many seconds, at least once.
_STEPS, _SECONDS = 20, 3.0
LONG = 2 * 3600  # seconds, above which the user is warned


def estimate(
    dataset: Dataset,
    *,
    preset: str | None = None,
    spec: Any = None,
    run: Any = None,
    start_from: Any = None,
    started: float | None = None,
    **settings: Any,
) -> str:
    """The schema, the model, the device, and time and memory measured on a few steps.

    Other arguments, and errors, as in `train`.

    Args:
        started: when the start began, by time.perf_counter; None: now.
    """
    started = time.perf_counter() if started is None else started
    preset, spec = resolve_spec(dataset, preset, spec, settings)
    dataset = dataset.with_spec(spec.data)
    path = run_path(dataset, preset or "custom", run)
    model = prepare_model(dataset, spec, start_from)
    feed, validation = make_feeds(dataset, spec)
    keep_freed_memory()
    try:
        start, (seconds, of_processor), steps = _times(model, feed, validation, started)
    finally:
        keep_no_more()
    epochs, stops = spec.training.epochs, spec.training.patience
    total = start + seconds * epochs
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
        "time": f"about {total:.0f} s: {start:.0f} s to start (reading, networks, compilation) and "
        f"{seconds:.1f} s an epoch ({of_processor:.1f} s of processor time), {epochs} of them"
        f"{' if it does not stop early' * bool(stops)} ({steps} steps timed)",
        "memory": f"about {_peak_memory() / 1e9:.1f} GB (the peak of this trial)",
        "run": f"{path} (not created: this was a dry run)",
    }
    lines = [f"{fact:<10} {value}" for fact, value in facts.items()]
    return "\n".join([*lines, *_warnings(total, _peak_memory())])


def _times(
    model: CVAE, feed: Feed, validation: Feed, started: float
) -> tuple[float, np.ndarray, int]:
    """Seconds until the first step; those of an epoch, also of processor time; steps timed."""
    size = feed.batch_size
    few = feed.head(min(len(feed.x), _STEPS * size + len(feed.x) % size))
    judged = validation.head(1000)

    def fit(passes: int = 1, **how: Any) -> np.ndarray:
        """The seconds of a pass."""
        began = _now()
        model.fit(few, epochs=passes, shuffle=False, verbose=0, **how)
        # Keras has replaced the weights by their average, if there is one: the same buffers, which
        # the next step donates
        for variable in model.trainable_variables:
            variable.assign(np.array(variable))
        seconds = (_now() - began) / passes
        return_freed_memory()  # as between epochs
        return seconds

    fit(validation_data=judged)
    compiled = _now()
    once = fit()
    passes = math.ceil(_SECONDS / once[0])
    steps = fit(passes)
    began = _now()
    with AveragedWeights(model).in_place():
        averaged = _now()
        model.evaluate(judged, verbose=0)
        evaluated = _now()
        network_tensors(model)  # the best ones are kept
    validated = evaluated - averaged
    rest = _now() - began - validated
    seconds = steps * len(feed) / len(few) + validated * len(validation) / len(judged) + rest
    return (compiled - once - validated)[0] - started, seconds, passes * len(few)


def _now() -> np.ndarray:
    """Seconds by the clock, and of processor time."""
    return np.array([time.perf_counter(), time.process_time()])


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
