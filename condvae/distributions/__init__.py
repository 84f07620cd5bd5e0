"""Distributions as values: parameters in, log-densities in nats out."""

from condvae.distributions.bernoulli import Bernoulli
from condvae.distributions.bounds import soft_floor
from condvae.distributions.categorical import Categorical
from condvae.distributions.columns import Columns
from condvae.distributions.continuous_bernoulli import ContinuousBernoulli
from condvae.distributions.logistic_mixture import LogisticMixture
from condvae.distributions.normal import Normal, kl_by_dimension
from condvae.distributions.poisson import MOST_LOG_RATE, Poisson

__all__ = [
    "MOST_LOG_RATE",
    "Bernoulli",
    "Categorical",
    "Columns",
    "ContinuousBernoulli",
    "LogisticMixture",
    "Normal",
    "Poisson",
    "kl_by_dimension",
    "soft_floor",
]
