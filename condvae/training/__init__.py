"""From data and a spec to a trained run."""

from condvae.training.estimate import estimate
from condvae.training.sweep import Sweep, sweep
from condvae.training.train import train
from condvae.training.tune import tune
from condvae.training.tuning import Tuning

__all__ = ["Sweep", "Tuning", "estimate", "sweep", "train", "tune"]
