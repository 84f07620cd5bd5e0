"""From data and a spec to a trained run."""

from condvae.training.estimate import estimate
from condvae.training.sweep import Sweep, sweep
from condvae.training.train import train

__all__ = ["Sweep", "estimate", "sweep", "train"]
