"""A trained model and a data set in, measures out."""

from condvae.evaluation.label_maps import LabelMapQuality, evaluate_label_maps
from condvae.evaluation.likelihood import (
    ConditionalLikelihood,
    Evaluation,
    conditional_likelihood,
    evaluate,
)
from condvae.evaluation.tables import TableQuality, evaluate_table

__all__ = [
    "ConditionalLikelihood",
    "Evaluation",
    "LabelMapQuality",
    "TableQuality",
    "conditional_likelihood",
    "evaluate",
    "evaluate_label_maps",
    "evaluate_table",
]
