"""A trained model and a data set in, measures out."""

from condvae.evaluation.label_maps import LabelMapQuality, evaluate_label_maps
from condvae.evaluation.likelihood import (
    ConditionalLikelihood,
    Evaluation,
    conditional_likelihood,
    evaluate,
)

__all__ = [
    "ConditionalLikelihood",
    "Evaluation",
    "LabelMapQuality",
    "conditional_likelihood",
    "evaluate",
    "evaluate_label_maps",
]
