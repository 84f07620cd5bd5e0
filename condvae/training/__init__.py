"""From data and a spec to a trained run."""

from condvae.training.estimate import estimate
from condvae.training.settings import explain_likelihood, resolve_spec
from condvae.training.sweep import Sweep, sweep
from condvae.training.train import train

__all__ = ["Sweep", "estimate", "explain_likelihood", "resolve_spec", "sweep", "train"]
