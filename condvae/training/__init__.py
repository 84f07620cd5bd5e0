"""From data and a spec to a trained run."""

from condvae.training.estimate import estimate
from condvae.training.train import explain_likelihood, resolve_spec, train

__all__ = ["estimate", "explain_likelihood", "resolve_spec", "train"]
