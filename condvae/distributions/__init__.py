"""Distributions as values: parameters in, log-densities in nats out."""

from condvae.distributions.bernoulli import Bernoulli
from condvae.distributions.categorical import Categorical
from condvae.distributions.chain import Chain
from condvae.distributions.continuous_bernoulli import ContinuousBernoulli
from condvae.distributions.discretised_logistic import DiscretisedLogistic
from condvae.distributions.logistic_mixture import LogisticMixture
from condvae.distributions.normal import Normal, kl_by_dimension
from condvae.distributions.poisson import Poisson
from condvae.distributions.rows import Rows

__all__ = [
    "Bernoulli",
    "Categorical",
    "Chain",
    "ContinuousBernoulli",
    "DiscretisedLogistic",
    "LogisticMixture",
    "Normal",
    "Poisson",
    "Rows",
    "kl_by_dimension",
]
