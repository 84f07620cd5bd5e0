"""A trained model and a data set in, measures out."""

from condvae.evaluation.likelihood import (
    ConditionalLikelihood,
    Evaluation,
    conditional_likelihood,
    evaluate,
)

__all__ = ["ConditionalLikelihood", "Evaluation", "conditional_likelihood", "evaluate"]
