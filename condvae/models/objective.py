"""From a spec to its objective."""

from condvae.objectives import (
    ELBO,
    Beta,
    Coarse,
    Deterministic,
    Hybrid,
    ImportanceWeighted,
    Objective,
    Perceptual,
    SemiSupervised,
)
from condvae.spec import Spec


def objective_of(spec: Spec, steps: int = 0) -> Objective:
    """The objective of a spec.

    Args:
        steps: number of steps of the whole training, of which warm-ups are fractions; 0: no
            warm-up.
    """
    settings = spec.objective
    plain = _without_added(spec, beta_of(spec, steps), steps)
    plain = Coarse(plain, settings.coarse_weight) if settings.coarse_weight else plain
    return Perceptual(plain, settings.perceptual) if settings.perceptual else plain


def beta_of(spec: Spec, steps: int) -> Beta:
    """The weight of the KL divergence, with its warm-up and its period in steps."""
    settings = spec.objective
    period = -(-steps // settings.beta_cycles)
    return Beta(
        settings.beta,
        rising_steps(settings.beta_warmup, period),
        None if settings.beta_cycles == 1 else max(1, period),
    )


def rising_steps(share: float, steps: int) -> int:
    """Steps of a warm-up: at least one, since a resumed training may have more."""
    return max(1, round(share * steps)) if share and steps else 0


def _without_added(spec: Spec, beta: Beta, steps: int) -> Objective:
    """The objective to which other losses may be added."""
    settings = spec.objective
    if spec.model.network == "deterministic":
        return Deterministic(beta)
    if spec.data.labelled is not None:
        warmup = rising_steps(settings.classifier_warmup, steps)
        return SemiSupervised(beta, settings.classifier_weight, warmup)
    if settings.num_samples > 1:
        return ImportanceWeighted(settings.num_samples, settings.gradient, beta)
    if settings.alpha < 1:
        return Hybrid(settings.alpha, beta, settings.free_bits)
    return ELBO(beta, settings.free_bits)
