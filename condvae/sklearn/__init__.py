"""Conditional VAEs as scikit-learn estimators on 2-D arrays of numbers."""

from condvae.sklearn.anomaly import AnomalyDetector
from condvae.sklearn.bayes_rule import BayesRuleClassifier
from condvae.sklearn.conditional_vae import ConditionalVAE
from condvae.sklearn.oversampler import Oversampler

__all__ = ["AnomalyDetector", "BayesRuleClassifier", "ConditionalVAE", "Oversampler"]
