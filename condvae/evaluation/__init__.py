"""A trained model and a data set in, measures out."""

from condvae.evaluation.accuracy_score import AccuracyScore, score_accuracy
from condvae.evaluation.bayes_rule import LabelPosterior, classify_by_bayes
from condvae.evaluation.classification import Classification, evaluate_classifier
from condvae.evaluation.classifier import Classifier, real_classifier, train_classifier
from condvae.evaluation.doctor import can_examine, diagnose, examine
from condvae.evaluation.label_maps import LabelMapQuality, evaluate_label_maps
from condvae.evaluation.latents import LatentQuality, evaluate_latents
from condvae.evaluation.likelihood import (
    ConditionalLikelihood,
    Evaluation,
    conditional_likelihood,
    evaluate,
)
from condvae.evaluation.pixels import Pixels
from condvae.evaluation.samples import SampleQuality, evaluate_samples, has_classes_to_judge
from condvae.evaluation.tables import TableQuality, evaluate_table
from condvae.evaluation.whole import evaluate_whole

__all__ = [
    "AccuracyScore",
    "Classification",
    "Classifier",
    "ConditionalLikelihood",
    "Evaluation",
    "LabelMapQuality",
    "LabelPosterior",
    "LatentQuality",
    "Pixels",
    "SampleQuality",
    "TableQuality",
    "can_examine",
    "classify_by_bayes",
    "conditional_likelihood",
    "diagnose",
    "evaluate",
    "evaluate_classifier",
    "evaluate_label_maps",
    "evaluate_latents",
    "evaluate_samples",
    "evaluate_table",
    "evaluate_whole",
    "examine",
    "has_classes_to_judge",
    "real_classifier",
    "score_accuracy",
    "train_classifier",
]
