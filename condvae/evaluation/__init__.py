"""Measures of a trained model on a data set."""

from condvae.evaluation.bayes_rule import classify_by_bayes
from condvae.evaluation.classification import evaluate_classifier
from condvae.evaluation.doctor import diagnose, examine, find_faults
from condvae.evaluation.label_maps import LabelMapQuality, evaluate_label_maps
from condvae.evaluation.likelihood import ConditionalLikelihood, bound_of, conditional_likelihood
from condvae.evaluation.tables import evaluate_table
from condvae.evaluation.trial import Trial
from condvae.evaluation.whole import evaluate_whole
from condvae.runs.drawing import Drawing

__all__ = [
    "ConditionalLikelihood",
    "Drawing",
    "LabelMapQuality",
    "Trial",
    "bound_of",
    "classify_by_bayes",
    "conditional_likelihood",
    "diagnose",
    "evaluate_classifier",
    "evaluate_label_maps",
    "evaluate_table",
    "evaluate_whole",
    "examine",
    "find_faults",
]
