"""Training objectives: objects with settings, and pure functions per example, in nats."""

from condvae.objectives.beta import Beta, rising_share
from condvae.objectives.coarse import Coarse, coarse_loss
from condvae.objectives.deterministic import Deterministic
from condvae.objectives.divergence import kl_parts
from condvae.objectives.elbo import ELBO, elbo_terms
from condvae.objectives.free_bits import free_bits_kl
from condvae.objectives.hybrid import Hybrid, hybrid_terms
from condvae.objectives.importance import ImportanceWeighted, importance_terms
from condvae.objectives.objective import Objective
from condvae.objectives.perceptual import Perceptual, perceptual_loss
from condvae.objectives.semi_supervised import SemiSupervised, semi_supervised_terms
from condvae.objectives.terms import Terms

__all__ = [
    "ELBO",
    "Beta",
    "Coarse",
    "Deterministic",
    "Hybrid",
    "ImportanceWeighted",
    "Objective",
    "Perceptual",
    "SemiSupervised",
    "Terms",
    "coarse_loss",
    "elbo_terms",
    "free_bits_kl",
    "hybrid_terms",
    "importance_terms",
    "kl_parts",
    "perceptual_loss",
    "rising_share",
    "semi_supervised_terms",
]
