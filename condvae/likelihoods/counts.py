"""The base of all likelihoods of counts."""

import math
from typing import Any, ClassVar

from condvae.checks import InputError
from condvae.likelihoods.base import Data, Likelihood


class CountsLikelihood(Likelihood):
    """x are counts, as stored; networks, which need small numbers, see log(1 + x)."""

    x_range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    as_stored: ClassVar[bool] = True
    draws_like_data: ClassVar[bool] = True
    seen_as: ClassVar[str | None] = "log1p"

    @classmethod
    def check_values(cls, data: Data) -> None:
        """Check that x are integers."""
        if data.x.dtype != "uint8":
            raise InputError(
                f"the likelihood {cls.name!r} requires counts, integers from 0 on",
                data.assumption,
                "Use 'normal'.",
            )


def trace_rate(trace: Any, log_rate: str) -> str:
    """exp of the log rate, softly bounded by b: b - softplus(b - log rate)."""
    from condvae.distributions.poisson import MOST_LOG_RATE

    below = trace.affine("x_mean/below", log_rate, factor=-1.0, offset=MOST_LOG_RATE)
    soft = trace.apply("softplus", "x_mean", below)
    bounded = trace.affine("x_mean/log_rate", soft, factor=-1.0, offset=MOST_LOG_RATE)
    return trace.apply("exp", "x_mean", bounded)
