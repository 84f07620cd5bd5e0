"""A trained model and a data set in, measures out."""

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
    "ConditionalLikelihood",
    "Evaluation",
    "LabelMapQuality",
    "LatentQuality",
    "TableQuality",
    "can_examine",
    "conditional_likelihood",
    "diagnose",
    "evaluate",
    "evaluate_label_maps",
    "evaluate_latents",
    "evaluate_table",
    "examine",
]
