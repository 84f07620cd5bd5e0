"""From files to arrays: data sets, their readers and their splits. NumPy only, no Keras.

The names are imported on first use: whoever generates from a run reads no data.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condvae.data.dataset import Dataset, Split
    from condvae.data.sources import load_data

_HOMES = {"Dataset": "dataset", "Split": "dataset", "load_data": "sources"}

__all__ = ["Dataset", "Split", "load_data"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'condvae.data' has no attribute {name!r}")
    return getattr(importlib.import_module(f"condvae.data.{_HOMES[name]}"), name)
