"""Likelihoods: from the decoder's output to a distribution over x, a file for each kind.

A new kind is a file here, for its distribution one in `condvae.distributions`, and a line below.
One of your own is registered from outside, see `register_likelihood`.
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
    """Make a likelihood of your own known by its name, to specs and to the command's settings.

    It is a frozen dataclass under `Likelihood`; this serves as its decorator. What is registered
    once more, as by running a notebook's cell again, takes the place of the former.

    Raises:
        InputError: no such class, or a name that another one has.
    """
    if not (isinstance(kind, type) and issubclass(kind, Likelihood)):
        raise InputError(
            "a likelihood must be a class under condvae.likelihoods.Likelihood",
            repr(kind),
            "Pass the class.",
        )
    known = Likelihood if kind.name == AUTO else LIKELIHOODS.get(kind.name, kind)
    if (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise InputError(
            "a likelihood must have a name of its own",
            f"{kind.name!r} of {kind.__qualname__}, which is {known.__qualname__}'s",
            "Give it another name.",
        )
    LIKELIHOODS[kind.name] = kind
    return kind


def likelihood_named(name: str) -> type[Likelihood]:
    """The class of a name; of "auto" the base, which says what holds of any."""
    return Likelihood if name == AUTO else LIKELIHOODS[name]


def check_owner(likelihood: str, setting: str, asks: str, or_auto: bool = True) -> None:
    """Raise a ValueError if a setting is another likelihood's.

    Args:
        asks: how the sentence begins, such as "components need".
        or_auto: whether "auto" will do, which may become the right one.
    """
    owner = next(name for name, kind in LIKELIHOODS.items() if setting in kind.settings)
    if likelihood != owner and not (or_auto and likelihood == AUTO):
        raise ValueError(f"{asks} the likelihood {owner!r}")


def likelihood_of(settings: Any, columns: Columns = None) -> Likelihood:
    """p(x | z, y) of the section of a spec that names it; columns of tables alone.

    Raises:
        InputError: columns without the likelihood "table", or the other way round.
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
