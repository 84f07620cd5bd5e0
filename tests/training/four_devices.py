"""Trainings on one and on four devices that a processor pretends to have, compared.

python four_devices.py FOLDER WHAT CASE: a line of JSON with what `WHAT` finds. A program of its
own, since JAX counts its devices once.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

# most of the time goes into compiling, which these halve (scripts/test)
os.environ["XLA_FLAGS"] = (
    "--xla_force_host_platform_device_count=4 --xla_cpu_parallel_codegen_split_count=1 "
    "--xla_cpu_use_fusion_emitters=false"
)
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from short_run import quick, rows

from condvae.data import Dataset, load_data
from condvae.data.signs import CLASSES, signs
from condvae.models import network_tensors
from condvae.runs import Run
from condvae.runs.checkpoint import newest_checkpoint
from condvae.spec import DataSpec
from condvae.spec.presets import PRESETS
from condvae.training.beginning import first_model
from condvae.training.devices import on_devices, shared_out, take_shares
from condvae.training.fit import make_feeds
from condvae.training.pace import Pace
from condvae.training.settings import resolve_spec

N = 203  # of which 146 are trained on: ten batches of 15, the last one shorter
TINY = {"hidden_dims": (8, 8), "latent_dim": 2, "batch_size": 15, "epochs": 2}
CONVOLUTIONAL = {"hidden_dims": (3, 4)}


def pictures(channels: int = 1, **settings: Any) -> Dataset:
    """Grey or coloured images of 8 × 8 pixels in three classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, N)
    patterns = rng.random((3, 8, 8, channels)) * 200
    x = np.clip(patterns[y] + rng.normal(0, 20, (N, 8, 8, channels)), 0, 255).astype("uint8")
    return Dataset.from_arrays(x, np.array(["ant", "bee", "cat"])[y], name="made", **settings)


def with_conditions() -> Dataset:
    """Images under a class and a number, of which some are missing."""
    rng = np.random.default_rng(0)
    columns = {"a": np.array(["u", "v"])[np.arange(N) % 2], "b": rng.normal(size=N)}
    columns["b"][::7] = np.nan
    x = rng.integers(0, 256, (N, 8, 8), dtype="uint8")
    return Dataset.from_columns(columns, x, spec=DataSpec(conditions=("a", "b")))


def label_maps() -> Dataset:
    """Label maps given images."""
    drawn = signs(N, seed=0, size=16)
    return Dataset.from_arrays(drawn.maps, drawn.images, pixel_classes=CLASSES, name="signs")


# what a preset is for, and what makes it tiny
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "tiny": (pictures, {"preset": "notebook", "hidden_dims": (4,), "free_bits": 0.5}),
    **{name: (pictures, {"preset": name}) for name in PRESETS},
    "photo": (lambda: pictures(3), {"preset": "photo"}),
    "photo-large": (lambda: pictures(3), {"preset": "photo-large", **CONVOLUTIONAL}),
    "likelihood-large": (
        pictures,
        {"preset": "likelihood-large", **CONVOLUTIONAL, "couplings": 2, "coupling_dims": (4,)},
    ),
    "segmentation": (label_maps, {"preset": "segmentation", **CONVOLUTIONAL}),
    "conditions": (with_conditions, {"preset": "conditions"}),
    "semi_supervised": (
        pictures,
        {"preset": "semi_supervised", "labelled": 12, "labelled_batch": 7},
    ),
    "table": (lambda: load_data("wine"), {"preset": "table"}),
    "small-table": (lambda: load_data("wine"), {"preset": "small-table"}),
    "free bits": (pictures, {"preset": "plane", "free_bits": 0.5}),
    "ladder": (
        pictures,
        {"preset": "plane", "prior": "ladder", "latent_dim": 4, "latent_groups": (2, 2)},
    ),
    "vampprior": (pictures, {"preset": "plane", "prior": "vampprior"}),
    "weights": (
        pictures,
        {
            "preset": "notebook",
            "class_weight": ("ant=0", "bee=3"),
            "sample_weight": 0.5 + np.arange(N) % 4,
        },
    ),
    "hybrid": (pictures, {"preset": "structured", "alpha": 0.5, "coarse_weight": 0.5}),
    "augmented": (pictures, {"preset": "plane", "augment": ("flips", "crops")}),
}


def prepared(case: str) -> tuple[Dataset, dict[str, Any]]:
    """The data and the settings of a case."""
    make, settings = CASES[case]
    return make(), {**TINY, **settings}


def gradient(case: str, devices: int | None) -> np.ndarray:
    """The gradient of the first batch at the initial weights, flattened."""
    data, settings = prepared(case)
    settings.pop("sample_weight", None)
    _, spec = resolve_spec(data, settings.pop("preset"), None, settings)
    data = data.with_spec(spec.data)
    with on_devices(devices):
        model = first_model(data, spec)
        model.compile(optimizer=keras.optimizers.SGD(1.0))
        feed = make_feeds(data, spec)[0].head(spec.training.batch_size)
        before = network_tensors(model)
        take_shares(model)
        keras.Model.fit(model, shared_out(feed), shuffle=False, verbose=0)
        after = network_tensors(model)
    return np.concatenate([(before[name] - after[name]).ravel() for name in before])


def relative(received: np.ndarray, expected: np.ndarray) -> float:
    """How far one vector is from another one, by its length."""
    return float(np.linalg.norm(received - expected) / np.linalg.norm(expected))


def weights(run: Run) -> np.ndarray:
    """The weights after the last step, flattened."""
    checkpoint = newest_checkpoint(run.checkpoints_path)
    assert checkpoint is not None
    named = sorted(checkpoint.tensors.items())
    return np.concatenate([t.ravel() for name, t in named if name.startswith("weights/")])


def losses_of(*runs: Run) -> float:
    """The greatest relative difference of the losses of two runs."""
    first, second = (
        np.array([column for name, column in rows(run).items() if "loss" in name]) for run in runs
    )
    # a KL near zero is a difference of large numbers: compared with the loss that it is part of
    scale = np.maximum(np.abs(second), 1e-3 * np.abs(second).max())
    return float((np.abs(first - second) / scale).max())


def only_gradient(folder: Path, case: str) -> dict[str, float]:
    """The relative difference of the first gradient."""
    return {"gradient": relative(gradient(case, 4), gradient(case, None))}


def compare(folder: Path, case: str) -> dict[str, float]:
    """The relative differences of gradient, weights and losses."""
    data, settings = prepared(case)
    four, one = (
        quick(data, folder / str(devices), devices=devices, **settings) for devices in (4, None)
    )
    assert keras.distribution.distribution() is None
    assert four.record.devices == 4
    return {
        **only_gradient(folder, case),
        "weights": relative(weights(four), weights(one)),
        "losses": losses_of(four, one),
    }


def resume(folder: Path, case: str) -> dict[str, Any]:
    """Whether a run that was broken off twice ends with the same bits, and how near on fewer."""
    data, settings = prepared(case)
    whole = quick(data, folder / "whole", devices=4, **settings)
    run = broken(data, folder / "run", 3, devices=4, **settings)
    shutil.copytree(run.path, folder / "two")
    further: dict[str, Any] = {"resume": True, **settings}
    broken(data, run.path, 5, devices=4, **further)
    again = quick(data, run.path, devices=4, **further)
    fewer = quick(data, folder / "two", devices=2, **further)
    assert [fewer.record.devices, fewer.record.resumed[0].devices] == [4, 2]
    files = [found.path / "weights.safetensors" for found in (whole, again)]
    return {
        "bits": [rows(again) == rows(whole), files[0].read_bytes() == files[1].read_bytes()],
        "fewer": max(losses_of(fewer, whole), relative(weights(fewer), weights(whole))),
    }


def broken(data: Dataset, path: Path, steps: int, **settings: Any) -> Run:
    """A training that SIGTERM ends while a step runs."""
    began, begun = Pace.began, []

    def interrupted(pace: Pace, *arguments: Any) -> None:
        began(pace, *arguments)
        begun.append(arguments)
        if len(begun) == steps:
            signal.raise_signal(signal.SIGTERM)

    Pace.began = interrupted  # type: ignore[method-assign]
    try:
        run = quick(data, path, **settings)
    finally:
        Pace.began = began  # type: ignore[method-assign]
    assert run.record.status == "terminated"
    return run


WHAT = {"gradient": only_gradient, "compare": compare, "resume": resume}

if __name__ == "__main__":
    _, place, what, name = sys.argv
    print(json.dumps(WHAT[what](Path(place), name)))
