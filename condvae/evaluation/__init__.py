"""A trained model and a data set in, measures out."""

from condvae.evaluation.accuracy_score import AccuracyScore, score_accuracy
from condvae.evaluation.classifier import Classifier, real_classifier, train_classifier
from condvae.evaluation.label_maps import LabelMapQuality, evaluate_label_maps
from condvae.evaluation.likelihood import (
    ConditionalLikelihood,
    Evaluation,
    conditional_likelihood,
    evaluate,
)
from condvae.evaluation.pixels import Pixels
from condvae.evaluation.samples import SampleQuality, evaluate_samples, has_classes_to_judge
from condvae.evaluation.tables import TableQuality, evaluate_table

__all__ = [
    "AccuracyScore",
    "Classifier",
    "ConditionalLikelihood",
    "Evaluation",
    "LabelMapQuality",
    "Pixels",
    "SampleQuality",
    "TableQuality",
    "conditional_likelihood",
    "evaluate",
    "evaluate_label_maps",
    "evaluate_samples",
    "evaluate_table",
    "has_classes_to_judge",
    "real_classifier",
    "score_accuracy",
    "train_classifier",
]
