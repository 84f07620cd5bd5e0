"""Run folders: model, data, history, weights, and checkpoints for resuming.

Keras is imported only where a model is built: the graphs of a run work without it.
"""

from condvae.runs.paths import last_run_path, new_run_path
from condvae.runs.run import RECORD_NAME, Run, load

__all__ = ["RECORD_NAME", "Run", "last_run_path", "load", "new_run_path"]
