"""A trained model and a data set in, measures out."""

from condvae.evaluation.bayes_rule import LabelPosterior, classify_by_bayes
from condvae.evaluation.classification import Classification, evaluate_classifier
from condvae.evaluation.doctor import can_examine, diagnose, examine
from condvae.evaluation.label_maps import LabelMapQuality, evaluate_label_maps
from condvae.evaluation.latents import LatentQuality, evaluate_latents
from condvae.evaluation.likelihood import (
    ConditionalLikelihood,
    Evaluation,
    conditional_likelihood,
    evaluate,
)
from condvae.evaluation.tables import TableQuality, evaluate_table

__all__ = [
    "Classification",
    "ConditionalLikelihood",
    "Evaluation",
    "LabelMapQuality",
    "LabelPosterior",
    "LatentQuality",
    "TableQuality",
    "can_examine",
    "classify_by_bayes",
    "conditional_likelihood",
    "diagnose",
    "evaluate",
    "evaluate_classifier",
    "evaluate_label_maps",
    "evaluate_latents",
    "evaluate_table",
    "examine",
]
