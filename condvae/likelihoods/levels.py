"""The base of likelihoods of the 256 levels of 8-bit pixels."""

from typing import Any, ClassVar

from condvae.checks import InputError
from condvae.likelihoods.base import Data, Likelihood


class LevelsLikelihood(Likelihood):
    """x are levels k / 255, and each has a probability."""

    of_levels: ClassVar[bool] = True

    @classmethod
    def check_values(cls, data: Data) -> None:
        """Check that x are 8-bit levels."""
        if data.x.dtype != "uint8" or data.x_max != 255:
            raise InputError(
                f"the likelihood {cls.name!r} requires 8-bit pixels, 0 to 255",
                data.assumption,
                "Use 'bernoulli' for binary pixels, 'normal' for other numbers.",
            )

    @classmethod
    def probabilities_of(cls, spec: Any, preprocessing: Any) -> str:
        """The words for the comparability line."""
        return "the 256 levels of 8-bit pixels (a probability)"
