"""A trained model and a data set in, measures out."""

from condvae.evaluation.likelihood import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
