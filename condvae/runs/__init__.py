"""Run folders: what was trained, on what, how it went, the weights, and the states to resume from.

Keras is imported where a model is built: a run's graphs answer without it.
"""

from condvae.runs.paths import last_run_path, new_run_path
from condvae.runs.run import RECORD_NAME, Run, load

__all__ = ["RECORD_NAME", "Run", "last_run_path", "load", "new_run_path"]
