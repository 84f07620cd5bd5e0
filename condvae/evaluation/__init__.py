"""A trained model and a data set in, measures out."""

from condvae.evaluation.bayes_rule import classify_by_bayes
from condvae.evaluation.classification import evaluate_classifier
from condvae.evaluation.doctor import can_examine, diagnose, examine
from condvae.evaluation.label_maps import LabelMapQuality, evaluate_label_maps
from condvae.evaluation.likelihood import ConditionalLikelihood, conditional_likelihood, evaluate
from condvae.evaluation.tables import evaluate_table
from condvae.evaluation.whole import evaluate_whole

__all__ = [
    "ConditionalLikelihood",
    "LabelMapQuality",
    "can_examine",
    "classify_by_bayes",
    "conditional_likelihood",
    "diagnose",
    "evaluate",
    "evaluate_classifier",
    "evaluate_label_maps",
    "evaluate_table",
    "evaluate_whole",
    "examine",
]
