"""Likelihoods: from the decoder's output to a distribution over x, one file per kind.

A new kind is a file here, one in `condvae.distributions` for its distribution, and a line below.
User-defined likelihoods are registered from outside, see `register_likelihood`.
"""

from typing import Any, TypeVar

from condvae.checks import InputError
from condvae.likelihoods.base import Columns, Likelihood
from condvae.likelihoods.bernoulli import BernoulliLikelihood
from condvae.likelihoods.categorical import CategoricalLikelihood
from condvae.likelihoods.continuous_bernoulli import ContinuousBernoulliLikelihood
from condvae.likelihoods.discretised_logistic import DiscretisedLogisticLikelihood
from condvae.likelihoods.logistic_mixture import LogisticMixtureLikelihood
from condvae.likelihoods.negative_binomial import NegativeBinomialLikelihood
from condvae.likelihoods.normal import NormalLikelihood
from condvae.likelihoods.poisson import PoissonLikelihood
from condvae.likelihoods.table import TableLikelihood

Kind = TypeVar("Kind", bound=type[Likelihood])

AUTO = "auto"
LIKELIHOODS: dict[str, type[Likelihood]] = {
    kind.name: kind
    for kind in (
        BernoulliLikelihood,
        ContinuousBernoulliLikelihood,
        NormalLikelihood,
        LogisticMixtureLikelihood,
        DiscretisedLogisticLikelihood,
        PoissonLikelihood,
        CategoricalLikelihood,
        TableLikelihood,
        NegativeBinomialLikelihood,
    )
}


def register_likelihood(kind: Kind) -> Kind:
    """Register a user-defined likelihood under its name, for specs and the command line.

    It is a frozen dataclass derived from `Likelihood`; this function can decorate it. Registering a
    class again, for example by running a notebook cell twice, replaces the former one.

    Raises:
        InputError: not such a class, or a name that is already used.
    """
    if not (isinstance(kind, type) and issubclass(kind, Likelihood)):
        raise InputError(
            "a likelihood must be a subclass of condvae.likelihoods.Likelihood",
            repr(kind),
            "Pass the class.",
        )
    known = Likelihood if kind.name == AUTO else LIKELIHOODS.get(kind.name, kind)
    if (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise InputError(
            "a likelihood must have a unique name",
            f"{kind.name!r} of {kind.__qualname__}, which is {known.__qualname__}'s",
            "Choose another name.",
        )
    LIKELIHOODS[kind.name] = kind
    return kind


def likelihood_named(name: str) -> type[Likelihood]:
    """The class of a name; for "auto" the base class, whose settings apply to all."""
    return Likelihood if name == AUTO else LIKELIHOODS[name]


def check_owner(likelihood: str, setting: str, asks: str, or_auto: bool = True) -> None:
    """Raise a ValueError if a setting belongs to another likelihood.

    Args:
        asks: the beginning of the sentence, such as "components need".
        or_auto: whether "auto", which may become the right likelihood, is accepted.
    """
    owner = next(name for name, kind in LIKELIHOODS.items() if setting in kind.settings)
    if likelihood != owner and not (or_auto and likelihood == AUTO):
        raise ValueError(f"{asks} the likelihood {owner!r}")


def likelihood_of(settings: Any, columns: Columns = None) -> Likelihood:
    """The likelihood p(x | z, y) that a section of a spec names; columns are those of a table.

    Raises:
        InputError: columns without the likelihood "table", or "table" without columns.
    """
    kind = likelihood_named(settings.likelihood)
    if kind is Likelihood:
        has_columns = columns is not None
        kind = next(kind for kind in LIKELIHOODS.values() if kind.of_columns == has_columns)
    return kind.of(settings, columns)


__all__ = [
    "AUTO",
    "LIKELIHOODS",
    "BernoulliLikelihood",
    "CategoricalLikelihood",
    "Columns",
    "ContinuousBernoulliLikelihood",
    "DiscretisedLogisticLikelihood",
    "Likelihood",
    "LogisticMixtureLikelihood",
    "NegativeBinomialLikelihood",
    "NormalLikelihood",
    "PoissonLikelihood",
    "TableLikelihood",
    "check_owner",
    "likelihood_named",
    "likelihood_of",
    "register_likelihood",
]
