"""Conditional variational autoencoders: train, measure, explore.

The names below are imported on first use, so that `import condvae` is fast.
"""

import importlib
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any


def _choose_backend() -> None:
    """Select JAX as Keras's backend, unless one was chosen; warn if Keras is already imported."""
    if "KERAS_BACKEND" in os.environ:
        return
    if "keras" in sys.modules:
        import keras

        if (backend := keras.backend.backend()) != "jax":
            logging.getLogger(__name__).warning(
                "Keras was imported before condvae and runs on %s; for JAX, which is faster for "
                "dense networks, import condvae first, or set KERAS_BACKEND=jax",
                backend,
            )
        return
    folder = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    try:
        with open(os.path.join(folder, "keras.json"), encoding="utf-8") as file:
            chosen = json.load(file).get("backend")
    except (OSError, ValueError, AttributeError):
        chosen = None
    # Keras itself writes a keras.json with "tensorflow", which is not a choice of the user
    if chosen in (None, "tensorflow"):
        os.environ["KERAS_BACKEND"] = "jax"


_choose_backend()

if TYPE_CHECKING:
    from condvae.checks import InputError as InputError
    from condvae.checks import UnseenConditionWarning as UnseenConditionWarning
    from condvae.data import Dataset as Dataset
    from condvae.data import load_data as load_data
    from condvae.export.page import explore as explore
    from condvae.inference.imputation import impute as impute
    from condvae.inference.trained import TrainedModel as TrainedModel
    from condvae.models import CVAE as CVAE
    from condvae.reports import evaluate as evaluate
    from condvae.runs import Run as Run
    from condvae.runs import load as load
    from condvae.spec import Spec as Spec
    from condvae.spec.presets import preset as preset
    from condvae.training import Sweep as Sweep
    from condvae.training import Tuning as Tuning
    from condvae.training import sweep as sweep
    from condvae.training import train as train
    from condvae.training import tune as tune

_HOMES = {
    "CVAE": "condvae.models",
    "Dataset": "condvae.data",
    "InputError": "condvae.checks",
    "Run": "condvae.runs",
    "Spec": "condvae.spec",
    "Sweep": "condvae.training",
    "TrainedModel": "condvae.inference.trained",
    "Tuning": "condvae.training",
    "UnseenConditionWarning": "condvae.checks",
    "evaluate": "condvae.reports",
    "explore": "condvae.export.page",
    "impute": "condvae.inference.imputation",
    "load": "condvae.runs",
    "load_data": "condvae.data",
    "preset": "condvae.spec.presets",
    "sweep": "condvae.training",
    "train": "condvae.training",
    "tune": "condvae.training",
}

__all__ = list(_HOMES)  # type: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Import a public name on first use; `__version__` reads the installed metadata."""
    if name == "__version__":
        from importlib.metadata import version

        return version("condvae")
    if name not in _HOMES:
        raise AttributeError(f"module 'condvae' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return [*__all__, "__version__"]
